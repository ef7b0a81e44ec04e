// The project's own collector on the project's own server: what a relay's clients do, this server's clients can do.

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { GetFlowsResponse } from '../../../../src/hubble/proto/schema.gen.ts';
import { fromNanos } from '../../../../src/hubble/proto/timestamp.ts';
import { msToNs } from '../../../../src/runtime/time.ts';
import { rowsOf } from '../../../engines/stores.ts';
import { serving } from '../../../support/api/grpc-server.ts';
import { stored as asStored, startCollector, until } from '../../../support/ingest/harness.ts';
import { type StoredCorpus, storedCorpus } from '../../../support/query/stored.ts';

let stored: StoredCorpus;
beforeAll(async () => {
  stored = await storedCorpus();
});
afterAll(() => stored.close());

function flows(count: number): GetFlowsResponse[] {
  return Array.from({ length: count }, () => {
    const time = fromNanos(msToNs(Date.now()));
    return { flow: { time, uuid: randomUUID(), node_name: 'eks/n1' }, node_name: 'eks/n1', time };
  });
}

const uuidsOf = (responses: readonly GetFlowsResponse[]) =>
  responses.map(({ flow }) => flow?.uuid ?? '');

test('a collector reads what is stored and what comes, and resumes where it was cut off', async () => {
  const first = await serving(stored.store, { writes: true });
  const early = flows(300);
  await stored.insert(early);
  const { address } = first;
  const { collector, publisher } = await startCollector(
    { name: 'upstream', relay: address },
    { poll: '100ms' },
  );
  const got = () => new Set(asStored(publisher.batches));
  await until(() => got().size >= 300);
  const live = flows(100);
  await first.publish(live);
  await until(() => got().size >= 400);
  expect(collector.health()).toEqual({ state: 'ok' });
  await until(() => collector.coverage().server?.status.num_flows === 400n);
  expect(collector.coverage().nodes.map(({ name }) => name)).toContain('eks/n1');

  await first.api.stop(AbortSignal.abort());
  const missed = flows(50);
  await first.publish(missed);
  await until(() => collector.health().state !== 'ok');
  // The bus of a server goes with it: what passed on it is in the store before the next one is asked.
  const rows = () => rowsOf(stored.store, 'SELECT count() FROM flows');
  await until(async () => Number((await rows())[0]?.[0]) === 450);
  const second = await serving(stored.store, { writes: true, grpc: { listen: address } });
  await until(() => got().size >= 450);
  const late = flows(20);
  await second.publish(late);
  await until(() => got().size >= 470);
  // As the writer would store them: what a replay brings again is there once.
  expect(asStored(publisher.batches).sort()).toEqual(
    uuidsOf([...early, ...live, ...missed, ...late]).sort(),
  );
});
