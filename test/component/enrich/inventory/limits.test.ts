// What is learned stays within its limits, however much there is.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { WORKLOAD_ORIGIN } from '../../../../src/enrich/inventory/inventory.ts';
import { observation, rows, setUp } from '../../../support/enrich/catalogue-setup.ts';

/** Bytes in use once garbage is gone. */
function heapUsed(): number {
  setFlagsFromString('--expose-gc');
  // Typed by what V8 puts there.
  const collect = runInNewContext('gc') as () => void;
  collect();
  return process.memoryUsage().heapUsed;
}

test('a million identities and a quarter million pods fit into what is allowed', async () => {
  const { catalogue, inventory, metrics } = setUp(100_000, 200_000);
  const before = heapUsed();
  let written = 0;
  for (let from = 0; from < 1_000_000; from += 5000) {
    const part = Array.from({ length: 5000 }, (_, i) =>
      observation(0x10000 + from + i, { clusterName: 'mesh-cluster' }),
    );
    written += rows(catalogue.take(part, []));
  }
  for (let i = 0; i < 250_000; i++) {
    const facts = { workload: `Deployment/app-${i % 5000}`, origin: WORKLOAD_ORIGIN.flows };
    inventory.setPod('mesh-cluster', `ns-${i % 100}`, `app-${i % 5000}-5c9f7d6b5d-${i}`, {
      ...facts,
      node: `node-${i % 3000}`,
      zone: `zone-${i % 3}`,
    });
  }
  expect(written).toBe(1_000_000);
  catalogue.take([], []);
  const text = await metrics.metrics();
  const value = (name: string) =>
    Number(new RegExp(`^parallax_catalogue_${name} (.*)$`, 'm').exec(text)?.[1]);
  expect(value('identities')).toBeGreaterThan(50_000 - 1);
  expect(value('identities')).toBeLessThanOrEqual(100_000);
  expect(value('identities') + value('identities_evicted_total')).toBe(1_000_000);
  expect(value('pods')).toBeGreaterThan(100_000 - 1);
  expect(value('pods')).toBeLessThanOrEqual(200_000);
  const mebibytes = (heapUsed() - before) / 2 ** 20;
  // Some 30 MiB for identities and 60 for pods.
  expect(mebibytes).toBeLessThan(150);
});
