// `parallax denials` and `suggest-policy` out of a data directory that no process has open, and what a watch of a server
// does when its feed breaks.

import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { changePrinter } from '../../../../src/cli/denials/print.ts';
import { type DenialsIo, runDenials } from '../../../../src/cli/denials/run.ts';
import { runSuggest } from '../../../../src/cli/denials/suggest.ts';
import { Polled } from '../../../../src/cli/denials/watch.ts';
import type { Format } from '../../../../src/cli/output/format.ts';
import { type Incident, incidentId } from '../../../../src/incident/incident.ts';
import { nsToMs } from '../../../../src/runtime/time.ts';
import { caughtCall } from '../../../engines/caught-call.ts';
import { deny, HOUR, MINUTE, NOON, watch } from '../../../support/query/denied.ts';
import { type StoredCorpus, storedCorpus } from '../../../support/query/stored.ts';

const NOW_MS = nsToMs(NOON + 20n * MINUTE);
let stored: StoredCorpus;
let ids: string[];

beforeAll(async () => {
  stored = await storedCorpus();
  const denied = await deny(stored.store, [
    { time: NOON, drops: 4, verdicts: 3 },
    { time: NOON - 30n * HOUR, destination_port: 22 },
    {
      time: NOON,
      verdict: 4,
      drop_reason_desc: 0,
      destination_workload: 'farfaraway/Deployment/hoth\tbase',
    },
  ]);
  ids = denied.map(incidentId);
  await watch(stored.store, 'liz-cm-eks-6', { since: NOON, until: NOON + 20n * MINUTE });
  await stored.store.stop(AbortSignal.timeout(10_000));
}, 60_000);
afterAll(() => stored.close());

interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function denials(args: readonly string[], more: Partial<DenialsIo> = {}): Promise<Said> {
  const { io, said } = caughtCall({ env: { PARALLAX_DATA_DIR: stored.directory }, nowMs: NOW_MS });
  const code = await runDenials(args, { ...io, ...more });
  return { code, ...said() };
}

describe('incidents', () => {
  test('are a table of the last 24 hours', async () => {
    const { code, out, err } = await denials([]);
    expect(code).toBe(0);
    expect(err).toMatch(/^nothing was collected of cluster liz-cm-eks-6 \S+–\S+\n$/);
    expect(out).toBe(
      `FIRST SEEN            LAST SEEN             COUNT   STATE           SOURCE                          DESTINATION                          PORT     DIRECTION   WHY                               ID
Nov 20 12:00:00.000   Nov 20 12:00:00.000       4   resolved, new   liz-cm-gke-5 farfaraway/xwing   liz-cm-eks-6 farfaraway/rebel-base   80/TCP   INGRESS     default deny, no rule allows it   ${ids[0]}
`,
    );
  });

  test('come in every layout', async () => {
    const wide = await denials(['-o', 'wide']);
    expect(wide.out).toContain('default deny, no rule allows it');
    expect(wide.out).toContain('no flows of cluster liz-cm-gke-5 are stored: it is not collected');
    const json: unknown = JSON.parse((await denials(['-o', 'json'])).out);
    expect(json).toMatchObject({
      incidents: [expect.objectContaining({ id: ids[0], count: 4 })],
      notices: [],
      coverage: { collected: true },
    });
    const yaml: unknown = parse((await denials(['-o', 'yaml'])).out);
    expect(yaml).toEqual({ ...Object(json), cost: expect.anything() });
    const [header, record] = (await denials(['-o', 'csv'])).out.split('\r\n');
    expect(header).toMatch(
      /^FIRST SEEN,LAST SEEN,COUNT,.*,REASON,POLICY,RATE,DENIED IN,OTHER SIDE$/,
    );
    expect(record).toMatch(/^2026-11-20T12:00:00Z,.*,POLICY_DENIED,,/);
    const old = await denials(['-o', 'jsonl', '--all', '--with-audit']);
    expect(old.err).toContain('-o jsonl is deprecated; write -o ndjson\n');
    const lines = old.out.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).id).toSorted()).toEqual(ids.toSorted());
  });

  test('of audit mode are a stream of their own, and no name breaks the table', async () => {
    const { out } = await denials(['--audit']);
    expect(out.split('\n')).toHaveLength(3);
    expect(out).toMatch(/farfaraway\/hoth base .* audit mode, would be denied/);
  });

  test('are chosen by filters, states and times', async () => {
    const found = async (...args: string[]) => {
      const { out } = await denials([...args, '-o', 'ndjson']);
      return out
        .split('\n')
        .filter(Boolean)
        .map((line) => ids.indexOf(JSON.parse(line).id));
    };
    expect(await found('--to-namespace', 'farfaraway', '--port', '80')).toEqual([0]);
    expect(await found('--namespace', 'shop')).toEqual([]);
    expect(await found('--all')).toEqual([0, 1]);
    expect(await found('--all', '--new-since', '2h')).toEqual([0]);
    expect(await found('--all', '--state', 'open')).toEqual([]);
    expect(await found('--all', '--incident', ids[1] ?? '')).toEqual([1]);
    expect(await found('--denied-in', 'liz-cm-gke-5')).toEqual([]);
    expect(await found('--policy', 'none', '--workload', 'xwing')).toEqual([0]);
    expect(await found('--verdict', 'AUDIT')).toEqual([2]);
    expect(await found('--where', 'cross-cluster', '--where', 'port=80')).toEqual([0]);
    expect(await found('--where', 'cross-cluster=false')).toEqual([]);
    expect(
      await found('--where', 'reason=default-deny', '--where', 'not.from-workload=y*'),
    ).toEqual([0]);
    expect(await found('--where', 'not.from-workload=*/xwing', '--where', 'not.port=1')).toEqual(
      [],
    );
    expect(await found('--where', 'verdict=audit')).toEqual([2]);
    expect(await found('--all', '--where', 'policy=none', '--last', '1')).toEqual([0]);
  });

  test('that are none say whether anybody looked', async () => {
    const quiet = await denials(['--since', '5m']);
    expect(quiet).toMatchObject({ code: 0, out: '' });
    expect(quiet.err).toContain('no denials match in that window\n');
    const dark = await denials(['--since', '10h', '--until', '9h']);
    expect(dark.err).toBe('no denials: nothing was collected in that window\n');
    const json = await denials(['--since', '10h', '--until', '9h', '-s', '-o', 'json']);
    expect(JSON.parse(json.out)).toMatchObject({ incidents: [] });
  });

  test('what cannot be asked is refused before anything is opened', async () => {
    for (const [args, why] of [
      [['--tcp-flags', 'SYN'], 'unknown flag: --tcp-flags'],
      [['-o', 'xml'], '--output does not take "xml"; use table, wide, json, ndjson, csv or yaml'],
      [['--state', 'new'], '--state does not take "new"; use open, resolved, stale or all'],
      [['--last', '0'], '--last takes 1 to 10000'],
      [['--watch', '--rows'], 'cannot set both --watch and --rows'],
      [['--all', '--since', '1h'], 'cannot set both --all and --since'],
      [['--where', 'port=http'], '--where port: "http" is no port'],
      [['--where', 'colour=red'], '--where colour: is no condition; there are cluster, from-cl'],
      [['--rows', '--where', 'port=80'], 'cannot set both --where and --rows'],
      [['--incident', 'x'], '"x" is no incident'],
      [['--label', 'cidr:10.0.0.0/8'], 'denials cannot be filtered by'],
      [['xwing'], 'xwing is no flag'],
    ] as const) {
      const said = await denials(args);
      expect(said.err).toContain(why);
      expect(said.code).not.toBe(0);
    }
    expect((await denials(['--help'])).out).toContain('Usage: parallax denials');
  });
});

test('single denials', async () => {
  const { out, err } = await denials(['--rows', '--all', '--last', '1', '-o', 'wide']);
  expect(out.split('\n')).toHaveLength(3);
  expect(out).toContain('liz-cm-gke-5 farfaraway/xwing-6d5fb5f4-abcde:41000');
  expect(err).toContain('there are more denials than these 1; see --last\n');
});

test('a policy is suggested for an incident', async () => {
  const { io, said } = caughtCall({ nowMs: NOW_MS });
  const flags = { dataDir: stored.directory, incident: ids[0] ?? '', output: 'yaml' } as const;
  await runSuggest(flags, io);
  const { out } = said();
  expect(out).toContain('# liz-cm-gke-5 farfaraway/xwing → liz-cm-eks-6 farfaraway/rebel-base');
  expect(parse(out)).toMatchObject({
    kind: 'CiliumNetworkPolicy',
    metadata: { namespace: 'farfaraway' },
  });
  await runSuggest({ ...flags, output: 'json' }, io);
  expect(JSON.parse(said().out)).toMatchObject({ incident: ids[0], opens: true });
  await expect(runSuggest({ ...flags, incident: '1' }, io)).rejects.toMatchObject({
    code: 'input/invalid',
  });
  const nobody = { ...flags, incident: '0'.repeat(16) };
  await expect(runSuggest(nobody, io)).rejects.toMatchObject({ code: 'input/not-found' });
});

describe('--watch', () => {
  test('goes on behind the last event when the feed breaks', async () => {
    const incident = JSON.parse((await denials(['-o', 'ndjson'])).out);
    const asked: (string | undefined)[] = [];
    const over = new AbortController();
    const server = http.createServer((request, reply) => {
      asked.push(request.headers['last-event-id']?.toString());
      expect(request.url).toBe(
        '/api/v1/incidents/feed?verdict=DROPPED&verdict=AUDIT&cross-cluster=true&not.port=22',
      );
      reply.writeHead(200, { 'content-type': 'text/event-stream' });
      const [first, second] = asked.length === 1 ? ['7', '8'] : ['9', '10'];
      reply.write(`: hello\n\nid: ${first}\nevent: new\ndata: ${JSON.stringify(incident)}\n\n`);
      const wrapped = JSON.stringify({ version: 1, incident });
      reply.write(`id: ${second}\r\nevent: resolved\r\ndata: ${wrapped}\r\n\r\n`);
      // Within an event the connection breaks; the second time all is said.
      reply.write('id: 99\nevent: changed\ndata: {', () => reply.destroy());
      if (asked.length === 2) over.abort();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo; // of a server that listens on TCP
    const said: string[] = [];
    const where = ['--where', 'cross-cluster', '--where', 'not.port=22'];
    const { code, err } = await denials(['--watch', '--with-audit', '-o', 'ndjson', ...where], {
      env: { PARALLAX_SERVER: `http://127.0.0.1:${port}` },
      signal: over.signal,
      watch: { retryMs: { first: 10, last: 10 } },
      out: (text) => {
        said.push(text);
        return undefined;
      },
    });
    server.close();
    expect(code).toBe(0);
    expect(asked).toEqual([undefined, '8']);
    expect(said.slice(0, 2).map((line) => JSON.parse(line))).toEqual([
      { event: 'new', incident },
      { event: 'resolved', incident },
    ]);
    expect(err).toContain('asking again');
  });

  test('from the moment it began, when the feed breaks before the first event', async () => {
    const asked: (string | undefined)[] = [];
    const over = new AbortController();
    const server = http.createServer((request, reply) => {
      asked.push(request.url);
      reply.writeHead(200, { 'content-type': 'text/event-stream' });
      if (asked.length === 1) reply.write('retry: 2000\n\n', () => reply.destroy());
      else if (asked.length === 2)
        reply.end('event: error\ndata: {"detail":"the store is away"}\n\n');
      else over.abort();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo; // of a server that listens on TCP
    const { code, err } = await denials(['--watch'], {
      env: { PARALLAX_SERVER: `http://127.0.0.1:${port}` },
      signal: over.signal,
      watch: { retryMs: { first: 10, last: 10 } },
    });
    server.close();
    expect(code).toBe(0);
    expect(asked).toEqual([
      '/api/v1/incidents/feed',
      '/api/v1/incidents/feed?since=2026-11-20T12%3A20%3A00Z',
      '/api/v1/incidents/feed?since=2026-11-20T12%3A20%3A00Z',
    ]);
    expect(err).toContain('the feed ended: the store is away; asking again');
  });

  test('a server that is not there is said, not waited for', async () => {
    const env = { PARALLAX_SERVER: 'http://127.0.0.1:1' };
    const { code, err } = await denials(['--watch'], { env });
    expect(code).not.toBe(0);
    expect(err).toContain('cannot be reached');
  });

  test('a directory is looked into again and again', async () => {
    const over = new AbortController();
    let looks = 0;
    const watched = await denials(['--watch', '--all'], {
      signal: over.signal,
      watch: { pollMs: 1 },
      nowMs: () => {
        if (++looks > 4) over.abort();
        return NOW_MS;
      },
    });
    expect(watched).toMatchObject({ code: 0, out: '' });
  });

  test('prints changes in every format', async () => {
    const incident: Incident = JSON.parse((await denials(['-o', 'ndjson'])).out);
    const printed = async (output: Format, columns?: number) => {
      const print = changePrinter({ output, timeFormat: 'RFC3339' }, { columns, color: false });
      return (
        (await print({ event: 'new', incident })) + (await print({ event: 'resolved', incident }))
      );
    };
    const lines = (await printed('table', 60)).trimEnd().split('\n');
    expect(lines[0]).toMatch(/^2026-11-20T12:00:00Z: NEW {6}[0-9a-f]{16} x4 .*…$/);
    expect(lines.map((line) => line.length)).toEqual([60, 60]);
    expect(await printed('ndjson')).toBe(await printed('json'));
    expect(parseAllDocuments(await printed('yaml')).map((each) => each.toJS())).toEqual([
      { event: 'new', incident },
      { event: 'resolved', incident },
    ]);
    const records = (await printed('csv')).split('\r\n');
    expect(records.map((record) => record.split(',')[0])).toEqual(['EVENT', 'new', 'resolved', '']);
  });

  test('tells what differs between two looks', async () => {
    const incident: Incident = JSON.parse((await denials(['-o', 'ndjson'])).out);
    const open = { ...incident, state: 'open' } as const;
    const polled = new Polled();
    const events = (...incidents: Incident[]) =>
      [...polled.changes(incidents)].map(({ event }) => event);
    expect(events(open)).toEqual([]);
    expect(events(open)).toEqual([]);
    expect(events(open, { ...open, id: 'another' })).toEqual(['new']);
    expect(events({ ...open, lastSeen: '2026-11-20T12:01:00Z' })).toEqual(['changed']);
    expect(events({ ...open, lastSeen: '2026-11-20T12:01:00Z', state: 'resolved' })).toEqual([
      'resolved',
    ]);
    expect(events({ ...open, lastSeen: '2026-11-20T13:00:00Z' })).toEqual(['new']);
  });
});
