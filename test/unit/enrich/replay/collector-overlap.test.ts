// When a batch may hold what another collector of the cluster published: after a run was first heard of, before that
// while its report waited, and around restarts of the writer.

import { expect, test } from 'vitest';
import { CollectorOverlap } from '../../../../src/enrich/replay/collector-overlap.ts';
import type { FlowBatchHeader } from '../../../../src/hubble/proto/batch.ts';
import { msToNs } from '../../../../src/runtime/time.ts';

const HOUR = 3_600_000;
const START = 100 * HOUR;

interface Heard {
  readonly run: string;
  readonly atMs: number;
  readonly sequence?: number;
  readonly replay?: boolean;
}

/** A writer's view of one partition; the ledger has the lives given, each with its first and last report. */
function writer(ledger: Record<string, readonly [firstMs: number, lastMs: number]> = {}, at = 0n) {
  let offset = at;
  let asked = 0;
  const overlap = new CollectorOverlap({
    async *query() {
      asked++;
      for (const [run, [first, last]] of Object.entries(ledger)) yield [run, first, last];
    },
  });
  const hear = ({ run, atMs, sequence = 5, replay = false }: Heard) => {
    const record = { topic: 't', partition: 0, offset: offset++, key: '', headers: {} };
    const header: FlowBatchHeader = {
      ...{ cluster: 'east', relay: 'r', collector: run, sequence, replay, count: 1 },
      receivedAt: msToNs(START + atMs),
    };
    return overlap.note({ ...record, value: Buffer.alloc(0), timestampMs: 0 }, header)();
  };
  return { hear, skip: () => offset++, asked: () => asked };
}

test('one collector after the other: nothing overlaps, and no query is made', async () => {
  const { hear, asked } = writer();
  for (const [run, from] of [
    ['x', 0],
    ['y', 5000],
  ] as const) {
    expect(await hear({ run, atMs: from, sequence: 0 })).toBe(false);
    expect(await hear({ run, atMs: from + 1000 })).toBe(false);
  }
  expect(asked()).toBe(0);
});

test('two at a time: both, for an hour after the other was heard of last', async () => {
  const { hear } = writer();
  await hear({ run: 'x', atMs: 0, sequence: 0 });
  await hear({ run: 'y', atMs: 10, sequence: 0 });
  expect(await hear({ run: 'x', atMs: 20 })).toBe(true);
  expect(await hear({ run: 'y', atMs: 30 })).toBe(true);
  expect(await hear({ run: 'y', atMs: 20 + HOUR })).toBe(true);
  expect(await hear({ run: 'y', atMs: 21 + HOUR })).toBe(false);
});

test('what another published while the first report waited for the bus overlaps', async () => {
  const { hear } = writer();
  await hear({ run: 'x', atMs: -60_000, sequence: 0 });
  // y began at 0; its first report and its flows come together, behind what x published until 40,000.
  await hear({ run: 'x', atMs: 40_000 });
  await hear({ run: 'y', atMs: 0, sequence: 0 });
  expect(await hear({ run: 'y', atMs: 39_000 })).toBe(true);
});

test('a writer that comes upon the first batch of repeats asks the ledger who was before it', async () => {
  const { hear, asked } = writer({ x: [START - HOUR / 2, START + 900], y: [START, START] }, 7n);
  await hear({ run: 'y', atMs: 1000, sequence: 0, replay: true });
  expect(await hear({ run: 'y', atMs: 3000 })).toBe(true);
  expect(asked()).toBe(1);
});

test('a run may have published after the last report that the ledger has', async () => {
  const other = async (lastMs: number) => {
    const { hear } = writer({ x: [START - HOUR / 2, START + lastMs], y: [START, START] }, 7n);
    return hear({ run: 'y', atMs: 30_000 });
  };
  expect(await other(-14_000)).toBe(true);
  expect(await other(-60_000)).toBe(true);
  expect(await other(-120_000)).toBe(false);
});

test('a run that was forgotten and is seen again may have overlapped meanwhile', async () => {
  const { hear } = writer();
  await hear({ run: 'x', atMs: 0, sequence: 0 });
  await hear({ run: 'y', atMs: 10, sequence: 0 });
  for (let at = 0; at <= 2 * HOUR; at += HOUR / 4) await hear({ run: 'x', atMs: at });
  // It could not reach the bus, and now sends what it has kept.
  expect(await hear({ run: 'y', atMs: 20 })).toBe(true);
});

test('a writer that lost the partition for a while knows nothing of before', async () => {
  const { hear, skip, asked } = writer({ x: [START, START], y: [START + 10, START + 20_000] });
  await hear({ run: 'x', atMs: 0, sequence: 0 });
  expect(await hear({ run: 'x', atMs: 5 })).toBe(false);
  skip();
  expect(await hear({ run: 'x', atMs: 30_000 })).toBe(true);
  expect(asked()).toBe(1);
});
