// Every command of our own on a pseudo-terminal, over names that are long, wide or hostile: no line is longer than the
// terminal is wide, and nothing drives it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { spawn } from '@lydell/node-pty';
import stringWidth from 'string-width';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Endpoint, GetFlowsResponse } from '../../../../src/hubble/proto/schema.gen.ts';
import { incidentId } from '../../../../src/incident/incident.ts';
import { httpServing } from '../../../support/api/serving.ts';
import { emptyStore, knowing } from '../../../support/enrich/knowing.ts';
import { deny, NOON, watch } from '../../../support/query/denied.ts';
import { STORY_ENDS, tellStory } from '../../../support/query/totals-story.ts';

const HOME = fileURLToPath(new URL('../../../..', import.meta.url));
const LONG = 'payments-platform-production-europe-west';
const HOSTILE = 'evil\x1b[2J\x1b]0;title\x07\u202egnp.\r\nexe\x9b31m';
const WIDTHS = [80, 100, 160];
const elsewhere = mkdtempSync(join(tmpdir(), 'parallax-terminal-'));
const { store, close } = await emptyStore();
let url = '';
let incident = '';

function lengthened(end: Endpoint | undefined, hostile: boolean): Endpoint | undefined {
  if (end === undefined || end.namespace === undefined) return end;
  return {
    ...end,
    namespace: `${end.namespace}-${LONG}`,
    pod_name: `${end.pod_name ?? ''}-日本語サービス-${hostile ? HOSTILE : LONG}`,
    workloads: (end.workloads ?? []).map((each) => ({ ...each, name: `${each.name}-${LONG}` })),
    labels: [...(end.labels ?? []), `k8s:team=${hostile ? HOSTILE : LONG}`],
  };
}

function lengthenedResponse(response: GetFlowsResponse, index: number): GetFlowsResponse {
  const { flow } = response;
  if (flow === undefined) return response;
  const hostile = index % 5 === 0;
  const [source, destination] = [flow.source, flow.destination].map((end) =>
    lengthened(end, hostile),
  );
  return {
    ...response,
    flow: { ...flow, ...(source && { source }), ...(destination && { destination }) },
  };
}

beforeAll(async () => {
  const clusters = ['liz-cm-gke-5', 'liz-cm-eks-6'].map((name, index) => ({
    ...{ name, relay: `tls://${LONG}.${name}.example.com:4245`, id: 5 },
    podCidrs: [0, 1, 2, 3].map((at) => `10.${index * 4 + at}.0.0/16`),
  }));
  const writer = knowing(store, clusters);
  await writer.knowledge.catalogue.start();
  const story = (await tellStory()).map(lengthenedResponse);
  for (const { name } of clusters)
    await writer.put(
      story.filter(({ flow }) => flow?.node_name?.startsWith(name)),
      name,
    );
  const [first = 0n] = await deny(store, [
    { time: NOON, drops: 4000, source_workload: `${LONG}/Deployment/${LONG}-xwing` },
    { time: NOON, destination_workload: `shop/Deployment/${HOSTILE}` },
    {
      time: NOON,
      policies: `CiliumNetworkPolicy ${LONG}/${LONG}-deny-all`,
      destination_port: 65_535,
    },
    { time: NOON, verdict: 4, source_workload: '', source_peer: `${LONG}.${LONG}.example.com` },
  ]);
  incident = incidentId(first);
  const minute = 60_000_000_000n;
  await watch(store, 'liz-cm-eks-6', { since: STORY_ENDS - 5n * minute, until: STORY_ENDS });
  await store.command(
    `INSERT INTO coverage (cluster, received_at, uuid, collector, node, minute, up_ms, received, seen)
      SELECT 'liz-cm-eks-6', fromUnixTimestamp64Milli({at:Int64}), generateUUIDv4(), 'one',
        'liz-cm-eks-6/${LONG}-${LONG}', toStartOfMinute(fromUnixTimestamp64Milli({at:Int64})), 60000, 123456789, 123456789`,
    { at: STORY_ENDS / 1_000_000n - 120_000n },
  );
  url = (await httpServing(store)).url;
}, 120_000);
afterAll(async () => {
  rmSync(elsewhere, { recursive: true });
  await close();
});

/** What a terminal of that width gets on standard output, and the exit code. */
function onTerminal(columns: number, args: readonly string[]) {
  const main = join(HOME, 'src/cli/main.ts');
  const command = [process.execPath, '--import', import.meta.resolve('tsx'), main, ...args];
  const { PATH = '' } = process.env;
  const pty = spawn('/bin/sh', ['-c', 'exec "$@" 2>/dev/null', 'sh', ...command], {
    ...{ cols: columns, rows: 50, cwd: elsewhere },
    env: { PATH, PARALLAX_SERVER: url, TERM: 'xterm-256color' },
  });
  let text = '';
  pty.onData((data) => {
    text += data;
  });
  return new Promise<{ exit: number; lines: readonly string[]; text: string }>((resolve) => {
    pty.onExit(({ exitCode }) =>
      resolve({
        exit: exitCode,
        text,
        lines: stripVTControlCharacters(text).trimEnd().split('\r\n'),
      }),
    );
  });
}

const COLOR = new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, 'g');

/** Whether there is more than colours and line ends that a terminal obeys. */
function drivesTerminal(text: string): boolean {
  const rest = text.replaceAll(COLOR, '').replaceAll('\r\n', '');
  return /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u.test(rest);
}

const ENDS = new Date(Number(STORY_ENDS / 1_000_000n));
const window = ['--since', new Date(ENDS.getTime() - 3_600_000).toISOString()];
const COMMANDS: readonly (readonly [name: string, args: () => readonly string[], least: number])[] =
  [
    ['denials', () => ['denials', '--all', '--with-audit'], 5],
    ['denials --rows', () => ['denials', '--all', '--rows'], 3],
    ['connections', () => ['connections', '--all'], 10],
    ['services', () => ['services', '--all'], 3],
    ['top', () => ['top', ...window], 5],
    ['top --compare', () => ['top', 'source.pod', 'destination.pod', '--compare', ...window], 5],
    ['map', () => ['map', ...window], 5],
    ['timeseries', () => ['timeseries', 'source.workload', 'verdict', ...window], 5],
    ['compare', () => ['compare', ...window, '--least', '1'], 5],
    ['policies', () => ['policies', ...window], 2],
    [
      'aggregates',
      () => ['observe', '--aggregate-by', 'source.pod,destination.pod,verdict', ...window],
      5,
    ],
    ['coverage', () => ['coverage', ...window, '--until', ENDS.toISOString()], 5],
    ['clusters', () => ['clusters'], 5],
    ['identities', () => ['identities'], 5],
    [
      'explain',
      () => [
        'explain',
        '--from',
        `farfaraway-${LONG}/xwing`,
        '--to',
        `farfaraway-${LONG}/rebel-base`,
        ...window,
      ],
      5,
    ],
    ['status', () => ['status'], 2],
    ['status as a table', () => ['status', '-o', 'table'], 2],
    ['list nodes', () => ['list', 'nodes'], 1],
    ['list namespaces', () => ['list', 'namespaces'], 1],
  ];

describe.each(WIDTHS)('at %i columns', { timeout: 120_000 }, (columns) => {
  test.each(COMMANDS)('%s', async (name, args, least) => {
    const { exit, lines, text } = await onTerminal(columns, args());
    // A name in a sentence stays whole, for copying.
    const isOneWord = (line: string) => name === 'explain' && !line.includes(' ');
    const wrapped = lines.filter((line) => stringWidth(line) > columns && !isOneWord(line));
    expect({ exit, wrapped }).toEqual({ exit: 0, wrapped: [] });
    expect(lines.length).toBeGreaterThanOrEqual(least);
    expect(drivesTerminal(text)).toBe(false);
  });
});

test('a policy keeps the text of flows from the terminal', { timeout: 120_000 }, async () => {
  const { exit, text } = await onTerminal(80, [
    'suggest-policy',
    '--incident',
    incident,
    '--since',
    '1000d',
  ]);
  expect(exit).toBe(0);
  expect(drivesTerminal(text)).toBe(false);
});
