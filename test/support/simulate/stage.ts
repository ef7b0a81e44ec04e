// A relay that is not started, filled under a clock the test owns; and what its rings hold.
import { pino } from 'pino';
import { decode } from '../../../src/hubble/proto/codec.ts';
import { GetFlowsResponse } from '../../../src/hubble/proto/schema.gen.ts';
import type { Clock } from '../../../src/runtime/clock.ts';
import type { Ledger } from '../../../src/simulate/ledger.ts';
import { SimulatedRelay } from '../../../src/simulate/relay.ts';

export const quiet = pino({ level: 'silent' });
export const START_MS = 1_790_000_000_123;

export function relayOf(
  name: string,
  nodes: readonly string[],
  options: { ring?: number; clock?: Clock; ledger?: Ledger } = {},
): SimulatedRelay {
  const {
    ring = 100_000,
    ledger,
    clock = { now: () => Date.now(), sleep: async () => {} },
  } = options;
  return new SimulatedRelay(
    { name, nodes, ring, host: '127.0.0.1', port: 0, version: '1.19.4', namespaces: ['default'] },
    { logger: quiet, clock, ledger },
  );
}

/** Every response in the rings, node by node. */
export function held(relay: SimulatedRelay): GetFlowsResponse[] {
  return relay.rings.flatMap((ring) =>
    Array.from({ length: ring.held }, (_, i) =>
      decode(GetFlowsResponse, Buffer.from(ring.message(ring.first + i))),
    ),
  );
}
