// Where one connection ends and the next begins, and whose they are: one case each.
import { describe, expect, test } from 'vitest';
import type { Flow } from '../../../../src/hubble/proto/schema.gen.ts';
import { candidateOf } from '../../../../src/query/connections/connection.ts';
import { observationOf } from '../../../../src/query/connections/observation.ts';
import { stitch } from '../../../../src/query/connections/stitch.ts';
import { timestamp } from '../../../../src/simulate/framing.ts';

const LIMITS = { tcpIdleMs: 600_000, otherIdleMs: 60_000, skewMs: 5000 };
const A = '10.0.0.1';
const B = '10.0.0.2';
let made = 0;

interface Seen {
  readonly at: number;
  readonly flags?: readonly ('SYN' | 'ACK' | 'FIN' | 'RST')[];
  readonly back?: boolean;
  readonly node?: 'near' | 'far';
  readonly flow?: Flow;
  readonly udp?: boolean;
}

/** A packet between A's port 40000 and B's port 80, seen `at` seconds. */
function seen({ at, flags = [], back = false, node = 'near', flow = {}, udp = false }: Seen) {
  const [source_port, destination_port] = back ? [80, 40_000] : [40_000, 80];
  const set = Object.fromEntries(flags.map((flag) => [flag, true]));
  const ports = { source_port, destination_port };
  const [here, there] = [{ ID: 7, identity: 300 }, { identity: 400 }];
  const local = (node === 'near') !== back;
  return observationOf(
    {
      flow: {
        time: timestamp(1_790_000_000_000 + at * 1000),
        uuid: `u${made++}`,
        node_name: `c/${node}`,
        verdict: 1,
        IP: back ? { source: B, destination: A } : { source: A, destination: B },
        l4: udp ? { UDP: ports } : { TCP: { ...ports, flags: set } },
        source: local ? here : there,
        destination: local ? there : here,
        event_type: { type: 4 },
        is_reply: back,
        ...flow,
      },
    },
    { hit: true },
  );
}

function counts(list: readonly Seen[], limits = LIMITS): number[] {
  const all = list.flatMap((each) => seen(each) ?? []);
  return stitch(all, limits)
    .map(({ seen: of }) => of.length)
    .sort((a, b) => b - a);
}

describe('a TCP port used again', () => {
  const whole = (at: number, node?: 'near' | 'far'): Seen[] => [
    { at, flags: ['SYN'], ...(node && { node }) },
    { at: at + 0.1, flags: ['SYN', 'ACK'], back: true, ...(node && { node }) },
    { at: at + 0.2, flags: ['ACK'], ...(node && { node }) },
    { at: at + 0.3, flags: ['ACK', 'FIN'], ...(node && { node }) },
  ];

  test('is another connection, however soon', () => {
    expect(counts([...whole(0), ...whole(2)])).toEqual([4, 4]);
  });

  test('is another one on both nodes, whose clocks are 4 s apart', () => {
    expect(counts([...whole(0), ...whole(8), ...whole(4, 'far'), ...whole(12, 'far')])).toEqual([
      8, 8,
    ]);
    expect(counts([...whole(0), ...whole(2), ...whole(4, 'far'), ...whole(6, 'far')])).toEqual([
      8, 8,
    ]);
  });

  test('is told apart where one node lost the SYN and the end', () => {
    const lost = [...whole(0, 'far').slice(0, 3), ...whole(60, 'far').slice(1)];
    expect(counts([...whole(0), ...whole(60), ...lost])).toEqual([7, 7]);
  });

  test('after long silence is another one without a SYN', () => {
    const list: Seen[] = [
      { at: 0, flags: ['ACK'] },
      { at: 500, flags: ['ACK'] },
      { at: 1200, flags: ['ACK'] },
    ];
    expect(counts(list)).toEqual([2, 1]);
  });

  test('more of a connection, seen on a node that has a part of it, belongs to it', () => {
    const far: Seen[] = [
      { at: 1, flags: ['ACK', 'FIN'], node: 'far' },
      { at: 70, flags: ['ACK'], node: 'far' },
    ];
    const near: Seen[] = [0, 30, 69].map((at) => ({ at, flags: ['ACK'] }));
    expect(counts([...near, ...far])).toEqual([5]);
  });
});

describe('an unanswered SYN', () => {
  test('that is sent again is the same connection', () => {
    const times = [0, 1, 3, 7, 15, 31, 63, 127];
    expect(counts(times.map((at) => ({ at, flags: ['SYN'] })))).toEqual([8]);
  });

  test('after much more silence than before is another attempt', () => {
    expect(counts([0, 1, 3, 60].map((at) => ({ at, flags: ['SYN'] })))).toEqual([3, 1]);
  });
});

test('UDP is cut by silence alone, all nodes together', () => {
  const list: Seen[] = [
    { at: 0, udp: true },
    { at: 50, udp: true, back: true, node: 'far' },
    { at: 100, udp: true },
    { at: 170, udp: true },
  ];
  expect(counts(list)).toEqual([3, 1]);
});

test('repeats are counted once', () => {
  const once = seen({ at: 0, flags: ['SYN'] });
  const [found] = stitch(
    [once, once, once].flatMap((each) => each ?? []),
    LIMITS,
  );
  expect(found?.seen).toHaveLength(1);
});

test('who the client is: an old drop says nothing of replies, port numbers decide', () => {
  const drop = seen({
    at: 0,
    back: true,
    flow: { is_reply: undefined, verdict: 0, event_type: {} },
  });
  const [found] = stitch(drop ? [drop] : [], LIMITS);
  expect(found && candidateOf(found).connection.server).toMatchObject({ ip: B, port: 80 });
});

test('a translated source is joined with what the other side saw', () => {
  const node = '192.168.0.9';
  const list = [
    seen({ at: 0, flags: ['SYN'] }),
    seen({
      at: 0.001,
      flags: ['SYN'],
      flow: { IP: { source: A, source_xlated: node, destination: B } },
    }),
    seen({ at: 0.01, flags: ['SYN'], node: 'far', flow: { IP: { source: node, destination: B } } }),
    seen({
      at: 0.02,
      flags: ['SYN', 'ACK'],
      back: true,
      node: 'far',
      flow: { IP: { source: B, destination: node } },
    }),
    seen({ at: 0.03, flags: ['SYN', 'ACK'], back: true }),
  ].flatMap((each) => each ?? []);
  for (const order of [list, [...list].reverse()]) {
    const found = stitch(order, LIMITS);
    expect(found).toHaveLength(1);
    expect(found[0] && candidateOf(found[0]).connection).toMatchObject({
      client: { ip: A, port: 40_000 },
      translatedTo: [node],
      source: { flows: 3, replies: 1 },
      destination: { flows: 2, replies: 1 },
    });
  }
});

test('clusters outside of a mesh that use the same addresses are told apart', () => {
  const of = (cluster: string, node: 'near' | 'far') =>
    seen({
      at: 0,
      flags: ['SYN'],
      node,
      flow: {
        source: {
          ID: 7,
          identity: 300,
          cluster_name: cluster,
          namespace: 'n',
          pod_name: `p-${cluster}`,
        },
        destination: { identity: 400, cluster_name: cluster },
      },
    });
  const list = [of('x', 'near'), of('y', 'far')].flatMap((each) => each ?? []);
  expect(stitch(list, LIMITS)).toHaveLength(2);
});

test('pings in both directions are two connections', () => {
  const ping = (from: string, to: string, type: number) =>
    observationOf(
      {
        flow: {
          time: timestamp(1_790_000_000_000),
          uuid: `${from}${type}`,
          IP: { source: from, destination: to },
          l4: { ICMPv4: { type } },
        },
      },
      { hit: true },
    );
  const list = [ping(A, B, 8), ping(B, A, 0), ping(B, A, 8), ping(A, B, 0)];
  const found = stitch(
    list.flatMap((each) => each ?? []),
    LIMITS,
  );
  expect(found.map(({ seen: of }) => of.length)).toEqual([2, 2]);
});
