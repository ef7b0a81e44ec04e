// What the README shows, with the built program: flows scroll by, the denial is among them, a second process asks for
// it; the same with a relay elsewhere; and flows from a file come back as they went in.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, onTestFailed, test } from 'vitest';
import { freePort } from '../engines/kafka/container.ts';
import { Child } from '../support/e2e/child.ts';
import { type Command, commandOf, objects } from '../support/e2e/command.ts';
import { buildProgram, type Program } from '../support/e2e/program.ts';

const CAPTURED = new URL('../fixtures/captured/flows.jsonl.gz', import.meta.url);
const FLOWS_WITHIN_MS = 60_000;

let program: Program;
let directory: string;
let parallax: Command;
const children: Child[] = [];

beforeAll(async () => {
  program = await buildProgram();
  directory = await mkdtemp(join(tmpdir(), 'parallax-story-'));
  parallax = commandOf(program, directory);
});
afterAll(async () => {
  for (const child of children) await child.kill();
  await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  await program.remove();
});

function launch(name: string, ...args: string[]): Child {
  const child = new Child({ name, directory, args: [program.script, ...args] });
  children.push(child);
  onTestFailed(() => console.log(child.tail()));
  return child;
}

describe('parallax up', () => {
  test('prints the story of two clusters, and a second process is told the denial', async () => {
    const data = join(directory, 'story');
    const address = `127.0.0.1:${await freePort()}`;
    const up = launch('up', 'up', '--data-dir', data, '--listen', address);
    const denial =
      /farfaraway\/xwing\S+ \(ID:373826\) \S+ farfaraway\/rebel-base\S+ \(ID:\d+\) .*(DENIED|DROPPED)/;
    await up.until('the denial being printed', FLOWS_WITHIN_MS, () => denial.test(up.output));
    expect(up.output).toMatch(/^[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d\.\d{3}: .* FORWARDED \(/m);

    const asked = ['observe', '--data-dir', data, '--verdict', 'DROPPED', '--last', '5'];
    let told = await parallax(...asked, '-o', 'jsonpb');
    await up.until('the denial being stored', FLOWS_WITHIN_MS, async () => {
      told = await parallax(...asked, '-o', 'jsonpb');
      return told.stdout !== '';
    });
    const flows = objects(told.stdout) as { flow: Record<string, unknown> }[]; // as jsonpb prints
    expect(flows.length).toBeLessThanOrEqual(5);
    for (const { flow } of flows) expect(flow.verdict).toBe('DROPPED');
    expect(flows.map(({ flow }) => flow)).toContainEqual(
      expect.objectContaining({
        verdict: 'DROPPED',
        source: expect.objectContaining({
          identity: 373826,
          cluster_name: 'liz-cm-gke-5',
          pod_name: expect.stringMatching(/^xwing/),
        }),
        destination: expect.objectContaining({
          cluster_name: 'liz-cm-eks-6',
          pod_name: expect.stringMatching(/^rebel-base/),
        }),
      }),
    );
    const compact = await parallax(...asked);
    expect(compact.code).toBe(0);
    expect(compact.stdout).toMatch(denial);

    expect(await up.stop()).toEqual({ code: 0, signal: null });
    // Nobody has the directory open any more: it is read as it is.
    const after = await parallax(...asked);
    expect(after.code).toBe(0);
    expect(after.stdout).toMatch(denial);
  });

  test('collects from a relay elsewhere', async () => {
    const relays = launch('relays', 'simulate', '--scenario', 'load', '--rate', '200');
    await relays.logged('running');
    const address = /=(\S+)/.exec(relays.output)?.[1];
    const data = join(directory, 'relay');
    const listen = `127.0.0.1:${await freePort()}`;
    const flags = ['--relay', `eks=${address}`, '--data-dir', data, '--listen', listen];
    const up = launch('up-relay', 'up', ...flags);
    await up.until('flows being printed', FLOWS_WITHIN_MS, () => up.output.includes('FORWARDED'));
    const asked = ['observe', '--server', `http://${listen}`, '--last', '3', '-o', 'jsonpb'];
    let told = await parallax(...asked);
    await up.until('flows being stored', FLOWS_WITHIN_MS, async () => {
      told = await parallax(...asked);
      return told.stdout !== '';
    });
    expect(objects(told.stdout)).toHaveLength(3);
    expect(await up.stop()).toEqual({ code: 0, signal: null });
  });
});

describe('parallax import', () => {
  test('the captured flows come back as they were, once, however often they are imported', async () => {
    const text = gunzipSync(await readFile(CAPTURED)).toString();
    const file = join(directory, 'captured.jsonl');
    await writeFile(file, text);
    const data = join(directory, 'imported');
    const given = objects(text);
    for (const run of [1, 2]) {
      const imported = await parallax('import', file, '--data-dir', data);
      expect(imported).toMatchObject({ code: 0 });
      expect(imported.stdout).toMatch(/refused\s+0\n/);
      if (run === 2) expect(imported.stdout).toMatch(/flows stored\s+0\n/);
      const back = await parallax('observe', '-o', 'jsonpb', '--all', '--data-dir', data);
      expect(back.code).toBe(0);
      const lines = objects(back.stdout).map((line) => canonical(line));
      // In the order of time here, in the order of capture there.
      expect(lines.toSorted()).toEqual(given.map((line) => canonical(enveloped(line))).toSorted());
    }
  });
});

/** Keys in one order, so that equal objects are equal text. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

/** Records of before Hubble's envelope are printed in one. */
function enveloped(line: unknown): unknown {
  const record = line as Record<string, unknown>; // objects() parses lines that are objects
  if ('flow' in record || 'lost_events' in record || 'node_status' in record) return record;
  const { node_name, time } = record;
  return {
    flow: record,
    ...(node_name !== undefined && { node_name }),
    ...(time !== undefined && { time }),
  };
}
