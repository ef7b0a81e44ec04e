import { describe, expect, test } from 'vitest';
import type { ClusterFinder } from '../../../../src/enrich/inventory/clusters.ts';
import { createProjector } from '../../../../src/enrich/project/projector.ts';
import type { Flow, GetFlowsResponse } from '../../../../src/hubble/proto/schema.gen.ts';
import { SECOND_NS } from '../../../../src/runtime/time.ts';
import type { NativeBlock } from '../../../../src/store/store.ts';
import {
  batchOf,
  encodeResponse,
  tameResponses,
  wildResponses,
} from '../../../support/enrich/responses.ts';

const UUID = '3cc0c113-0662-4769-a5d7-b3da3a2d370b';
const time = { seconds: 1_773_500_000n, nanos: 7 };
const flow = (fields: Flow = {}): Buffer =>
  encodeResponse({ flow: { time, uuid: UUID, node_name: 'lab/n1', ...fields } });
const lost = (node: string, count: bigint): GetFlowsResponse => ({
  lost_events: { source: 3, num_events_lost: count },
  node_name: node,
  time,
});

/** The bytes of a fixed-width column; its data follows on its type in the block. */
function fixed(block: NativeBlock | undefined, name: string, type: string, width: number): Buffer {
  const text = (value: string) => Buffer.from([value.length, ...Buffer.from(value)]);
  const head = Buffer.concat([text(name), text(type)]);
  const at = (block?.bytes.indexOf(head) ?? -1) + head.length;
  expect(at).toBeGreaterThan(head.length);
  return block?.bytes.subarray(at, at + width * (block.rows ?? 0)) ?? Buffer.alloc(0);
}

describe('project', () => {
  test('leaves out columns without values, and what one batch had is gone in the next', () => {
    const projector = createProjector();
    const full = projector.project(batchOf(tameResponses(50, 1).map(encodeResponse)));
    expect(full.flows?.columns.length).toBeGreaterThan(90);
    const { flows } = projector.project(batchOf([encodeResponse({ flow: { verdict: 2 } })]));
    const columns = ['cluster', 'relay', 'received_at', 'time_slot', 'time', 'uuid', 'presence'];
    expect(flows?.columns).toEqual([...columns, 'verdict']);
  });

  test('gives the same block for the same batch, whatever it saw before', () => {
    const batch = batchOf(wildResponses(60, 3).map(encodeResponse));
    const fresh = createProjector().project(batch);
    const used = createProjector();
    used.project(batchOf(tameResponses(60, 2).map(encodeResponse)));
    expect(used.project(batch).flows?.bytes.equals(fresh.flows?.bytes ?? Buffer.alloc(0))).toBe(
      true,
    );
  });

  test('leaves nothing of a refused response in the row that follows', () => {
    const whole = tameResponses(20, 5).map(encodeResponse);
    const responses = whole.flatMap((bytes) => [bytes.subarray(0, -1), flow()]);
    const { flows, rejected, counts } = createProjector().project(batchOf(responses));
    const clean = createProjector().project(batchOf(whole.map(() => flow())));
    expect([rejected.length, counts.flows]).toEqual([20, 20]);
    expect(flows?.bytes.equals(clean.flows?.bytes ?? Buffer.alloc(0))).toBe(true);
  });

  test('drops what it is told to', () => {
    const batch = batchOf([flow({ verdict: 1 }), flow({ verdict: 2 }), flow({ verdict: 3 })]);
    const { flows, counts } = createProjector().project(batch, Uint8Array.of(0, 1, 0));
    expect([...fixed(flows, 'verdict', 'UInt8', 1)]).toEqual([1, 3]);
    expect(counts).toEqual({ responses: 3, flows: 2, events: 0, dropped: 1, raw: 0 });
  });

  test('an empty batch, and one without flows, give no block of flows', () => {
    const projector = createProjector();
    expect(projector.project(batchOf([]))).toMatchObject({ flows: undefined, events: undefined });
    const { flows, events } = projector.project(batchOf([encodeResponse(lost('n1', 5n))]));
    expect(flows).toBeUndefined();
    expect(events).toMatchObject({ table: 'events', rows: 1 });
  });

  test('counts flows by node and says what was lost', () => {
    const responses = [
      flow(),
      flow(),
      flow({ node_name: 'other/n2' }),
      flow(),
      encodeResponse({ flow: { uuid: UUID }, node_name: 'n3' }),
      encodeResponse(lost('lab/n1', 2n ** 60n)),
    ];
    const { nodes, lost: facts } = createProjector().project(batchOf(responses, { cluster: '' }));
    expect(nodes).toEqual([
      { cluster: 'lab', node: 'lab/n1', flows: 3 },
      { cluster: 'other', node: 'other/n2', flows: 1 },
      { cluster: 'default', node: 'n3', flows: 1 },
    ]);
    expect(facts).toEqual([{ cluster: 'lab', node: 'lab/n1', source: 3, count: 2n ** 60n }]);
  });

  test('asks for the cluster of an end once, and again when the finder knows more', () => {
    const asked: string[] = [];
    let version = 0;
    const clusters: ClusterFinder = {
      get version() {
        return version;
      },
      find(observer, { podName }) {
        asked.push(`${observer} ${podName}`);
        return { name: 'a', id: 1, origin: 1 };
      },
    };
    const projector = createProjector({ clusters });
    const batch = batchOf([
      flow({ source: { pod_name: 'p' } }),
      flow({ source: { pod_name: 'p' } }),
    ]);
    projector.project(batch);
    projector.project(batch);
    expect(asked).toEqual(['kind-lab p']);
    version++;
    projector.project(batch);
    expect(asked.length).toBe(2);
  });

  test('forgets everything past its limit and goes on rightly', () => {
    const projector = createProjector({ maxEntries: 50 });
    for (const seed of [1, 2, 3]) {
      const batch = batchOf(tameResponses(40, seed).map(encodeResponse));
      const fresh = createProjector().project(batch);
      const { flows } = projector.project(batch);
      expect(flows?.bytes.equals(fresh.flows?.bytes ?? Buffer.alloc(0))).toBe(true);
    }
    expect(projector.memory().forgotten).toBe(2);
    expect(createProjector().memory().entries).toBeLessThan(50);
  });
});

describe('identify', () => {
  const projector = createProjector();
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

  test('gives the ids that the rows have', () => {
    const responses = [...tameResponses(100, 8), ...wildResponses(100, 9)].filter(
      ({ flow: f }) => f,
    );
    const batch = batchOf([flow(), ...responses.map(encodeResponse)]);
    const { uuids } = projector.identify(batch);
    const rows = fixed(projector.project(batch).flows, 'uuid', 'UUID', 16);
    expect(hex(uuids.subarray(0, 16))).toBe(UUID.replaceAll('-', ''));
    for (let at = 0; at < uuids.length; at += 8) rows.subarray(at, at + 8).reverse();
    expect(hex(uuids)).toBe(hex(rows));
  });

  test('makes stable version 8 ids of flows without one, by flow and node', () => {
    const without = (node: string) => encodeResponse({ flow: { verdict: 1 }, node_name: node });
    const { uuids } = projector.identify(batchOf([without('a'), without('b'), without('a')]));
    const [a, b, again] = [0, 16, 32].map((at) => hex(uuids.subarray(at, at + 16)));
    expect(a).toBe(again);
    expect(a).not.toBe(b);
    expect(a).toMatch(/^.{12}8.{3}[89ab].{15}$/);
  });

  test('bounds the time column', () => {
    const at = (seconds: bigint) => flow({ time: { seconds, nanos: 5 } });
    const second = SECOND_NS;
    expect(projector.identify(batchOf([at(100n), at(-7n), at(50n)]))).toMatchObject({
      minTime: -7n * second,
      maxTime: 100n * second + second - 1n,
    });
    const clamped = projector.identify(batchOf([at(-62_135_596_800n)]));
    expect(clamped.minTime).toBe(-2_208_988_800n * second);
    const timeless = projector.identify(batchOf([at(100n), encodeResponse({ flow: {} })]));
    expect(timeless.minTime).toBe(-2_208_988_800n * second);
    expect(timeless.maxTime).toBeGreaterThan(9_000_000_000n * second);
  });

  test('takes what is no protobuf without complaint', () => {
    const { uuids, minTime, maxTime } = projector.identify(
      batchOf([Buffer.from([10, 9]), Buffer.from([7])]),
    );
    expect(hex(uuids.subarray(0, 16))).not.toBe(hex(uuids.subarray(16)));
    expect([minTime, maxTime]).toEqual([0n, 0n]);
  });
});
