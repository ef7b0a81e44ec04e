// Relays that misbehave as real ones do: they send again, out of order, break off, restart, forget. What a ring had
// overwritten before anybody read it is the only thing that may be missing, and how much that is is known exactly.
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { commandOf } from '../support/e2e/command.ts';
import type { Program } from '../support/e2e/program.ts';
import { scene } from '../support/e2e/scene.ts';

const DISORDER_SECONDS = Number(process.env.PARALLAX_DISORDER_SECONDS ?? 5);
const RATE = 1500;

/** A fault every so often, as long as a load lasts. */
function often(fault: string, everyMs: number, untilMs: number): string[] {
  const times = Math.floor(untilMs / everyMs);
  return Array.from({ length: times }, (_, i) => `${fault}@${(i + 1) * everyMs}ms`);
}

interface Told {
  readonly gaps: readonly {
    readonly reason: string;
    readonly node: string;
    readonly count?: { readonly min: number; readonly max: number };
  }[];
  readonly nodes: readonly { readonly lost: { readonly hubbleRing: number } }[];
}

/** What `parallax coverage` says of the data directory. */
async function told(program: Program, directory: string, dataDir: string): Promise<Told> {
  const run = commandOf(program, directory);
  const { code, stdout, stderr } = await run('coverage', '-o', 'json', '--data-dir', dataDir);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as Told;
}

function sumOf(gaps: Told['gaps']) {
  return {
    min: gaps.reduce((sum, { count }) => sum + (count?.min ?? Number.NaN), 0),
    max: gaps.reduce((sum, { count }) => sum + (count?.max ?? Number.NaN), 0),
  };
}

describe('relays that misbehave', () => {
  const all = scene({ kafka: false });
  const seed = () => Math.floor(all.dice.between(1, 1e9));

  test('a relay that sends its rings again, within streams and after breaks', async () => {
    const pipeline = await all.pipeline();
    await pipeline.start();
    const faults = [...often('replay', 700, 8000), 'drop@2300ms', 'eof@3100ms', 'drop@5s'];
    const relays = await pipeline.load({ seed: seed(), rate: RATE, count: RATE * 8, faults });
    await relays.made(1, 60_000);
    await relays.child.until('a last replay', 5_000, () =>
      /"kind":"replay"/.test(relays.child.log),
    );
    const found = await pipeline.prove();
    expect(found.stored).toBe(found.sent);
  });

  test(`flows up to ${DISORDER_SECONDS} s out of order, broken streams, a kill between`, async () => {
    const pipeline = await all.pipeline({ config: { collector: { overlap: '30s' } } });
    await pipeline.start();
    const seconds = DISORDER_SECONDS * 3;
    const faults = [
      `disorder:${DISORDER_SECONDS}s`,
      ...often('drop', 3700, seconds * 1000),
      `disorder:0s@${seconds + 1}s`,
    ];
    const relays = await pipeline.load({ seed: seed(), rate: 800, count: 800 * seconds, faults });
    await relays.made(0.6, seconds * 1000 + 60_000);
    await pipeline.collector.kill();
    await pipeline.start();
    await relays.made(1, seconds * 1000 + 60_000);
    await sleep(DISORDER_SECONDS * 1000);
    const found = await pipeline.prove();
    expect(found.stored).toBe(found.sent);
  });

  test('relays that restart, their rings kept', async () => {
    const pipeline = await all.pipeline();
    await pipeline.start();
    const faults = [...often('restart:600ms', 2000, 8000), ...often('stall:400ms', 1300, 8000)];
    const relays = await pipeline.load({ seed: seed(), rate: RATE, count: RATE * 8, faults });
    await relays.made(1, 60_000);
    const found = await pipeline.prove();
    expect(found.stored).toBe(found.sent);
  });

  test('a ring that overran before the collector came', async () => {
    const pipeline = await all.pipeline();
    const ring = 900;
    const count = 12_000;
    const relays = await pipeline.load({ seed: seed(), rate: 8000, count, ring, unread: true });
    await relays.made(1, 60_000);
    await sleep(500);
    await pipeline.start();
    // Two looks at the relay's counts, with nothing new between them, say where a stream began.
    await sleep(4000);
    const found = await pipeline.prove();
    // Two relays of three nodes.
    expect(found.stored).toBe(6 * ring);
    expect(found.forgotten).toBe(2 * count - 6 * ring);
    const report = await told(all.program, pipeline.directory, pipeline.dataDir);
    const before = report.gaps.filter(
      ({ reason, node }) => reason === 'not-collected' && node !== '',
    );
    expect(before).toHaveLength(6);
    expect(sumOf(before)).toEqual({ min: found.forgotten, max: found.forgotten });
  });

  test('a ring that overruns a reader that stands still: LostEvents say exactly how many', async () => {
    const pipeline = await all.pipeline();
    await pipeline.start();
    const relays = await pipeline.load({ seed: seed(), rate: 4000, count: 48_000, ring: 500 });
    await relays.made(0.1, 60_000);
    // More than HTTP/2's window and the sockets between take.
    pipeline.collector.child.signal('SIGSTOP');
    await sleep(7_000);
    pipeline.collector.child.signal('SIGCONT');
    await relays.made(1, 60_000);
    const found = await pipeline.prove();
    expect(found.forgotten).toBeGreaterThan(0);
    expect(found.lost).toBe(found.forgotten);
    const report = await told(all.program, pipeline.directory, pipeline.dataDir);
    const lost = report.gaps.filter(({ reason }) => reason === 'lost');
    expect(sumOf(lost)).toEqual({ min: found.forgotten, max: found.forgotten });
    expect(report.nodes.reduce((sum, node) => sum + node.lost.hubbleRing, 0)).toBe(found.forgotten);
    expect(found.stored).toBe(found.sent - found.forgotten);
  });
});
