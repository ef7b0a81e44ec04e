// The configuration read again: all or nothing, by signal and by the file's content.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { expect, onTestFinished, test, vi } from 'vitest';
import { loadParallaxConfig } from '../../../src/app/config.ts';
import { createReloader } from '../../../src/app/reload.ts';
import { systemClock } from '../../../src/runtime/clock.ts';

const east = { name: 'east', relay: '127.0.0.1:1' };
const west = { name: 'west', relay: '127.0.0.1:2' };

async function setUp(first: object) {
  const directory = mkdtempSync(join(tmpdir(), 'parallax-reload-'));
  const file = join(directory, 'parallax.yaml');
  const write = (content: object | string) =>
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  write({ collector: { configWatch: '20ms' }, ...first });
  const load = async () => loadParallaxConfig({ file, env: {}, set: [], flags: [] }).value;
  let hangup: () => void = () => undefined;
  const applied: string[][] = [];
  const registry = new Registry();
  const reloader = createReloader({
    reload: {
      file,
      load,
      onHangup: (listener) => {
        hangup = listener;
        return () => undefined;
      },
    },
    config: await load(),
    apply: async (clusters) => {
      applied.push(clusters.map(({ name }) => name));
      return {};
    },
    logger: pino({ level: 'silent' }),
    registry,
    clock: systemClock,
  });
  await reloader.start(new AbortController().signal);
  onTestFinished(async () => {
    await reloader.stop(new AbortController().signal);
    rmSync(directory, { recursive: true, force: true });
  });
  const outcome = async (name: string) => {
    const metric = await registry.getSingleMetric('parallax_config_reloads_total')?.get();
    return metric?.values.find(({ labels }) => labels.outcome === name)?.value ?? 0;
  };
  return { write, reloader, applied, outcome, hangup: () => hangup() };
}

const watched = { collector: { configWatch: '20ms' } };

test('a changed file is applied once; what has not changed is left alone', async () => {
  const { write, applied, outcome, hangup } = await setUp({ clusters: [east] });
  write({ ...watched, clusters: [east, west] });
  await vi.waitFor(() => expect(applied).toEqual([['east', 'west']]));
  hangup();
  await vi.waitFor(async () => expect(await outcome('unchanged')).toBe(1));
  expect(applied).toHaveLength(1);
});

test.each([
  ['not readable as YAML', '{'],
  ['with an unknown key', { ...watched, clusters: [east], nonsense: 1 }],
  ['with one bad cluster among good ones', { ...watched, clusters: [east, { name: 'X' }] }],
  ['empty, as while it is written', ''],
])('a file %s changes nothing and is said, until it is right again', async (_, bad) => {
  const { write, applied, reloader, outcome } = await setUp({ clusters: [east] });
  write(bad);
  await vi.waitFor(async () => expect(await outcome('refused')).toBe(1));
  expect(applied).toEqual([]);
  expect(reloader.health()).toMatchObject({ state: 'degraded' });
  write({ ...watched, clusters: [west] });
  await vi.waitFor(() => expect(applied).toEqual([['west']]));
  expect(reloader.health()).toEqual({ state: 'ok' });
});
