// Whether the ring buffers of nodes hold flows for as long as a collector may be away, and the capacity that would.
import type { CollectorConfig } from '../../ingest/config.ts';
import type { Finding } from '../../query/doctor/finding.ts';
import type { NodeRate, RelayView } from './relays.ts';

/** Sizes of a ring are 2^n − 1; this is the largest Cilium takes. */
const LARGEST = 65_535;
/** Restart time of a replaced process, without its wait to reconnect. */
const RESTART_SECONDS = 20;

/** Seconds a collector may be away without missing flows. */
export function awaySeconds({ reconnect }: CollectorConfig): number {
  return RESTART_SECONDS + reconnect.max / 1000;
}

/** The smallest ring that holds `seconds` of `rate` flows per second; undefined when none is large enough. */
export function ringFor(rate: number, seconds: number): number | undefined {
  const needed = rate * seconds;
  let size = 1023;
  while (size < needed && size < LARGEST) size = size * 2 + 1;
  return size < needed ? undefined : size;
}

export function* ringFindings(
  { cluster, nodes }: RelayView,
  collector: CollectorConfig,
): Generator<Finding> {
  const seconds = awaySeconds(collector);
  const short = nodes.filter(({ node, rate }) => held(node.max_flows, rate) < seconds);
  const worst = [...short].sort((a, b) => heldBy(a) - heldBy(b))[0];
  if (worst === undefined) {
    if (nodes.some(({ rate }) => rate !== undefined))
      yield {
        check: 'ring-size',
        severity: 'ok',
        cluster: cluster.name,
        what: 'the rings hold flows for longer than a collector may be away',
        evidence: `${seconds} s required`,
        cure: '',
      };
    return;
  }
  const { node, rate = 0 } = worst;
  const size = ringFor(rate, seconds);
  yield {
    check: 'ring-size',
    severity: 'warning',
    cluster: cluster.name,
    what: `the rings of ${short.length} of ${nodes.length} nodes overwrite flows before a restarted collector is back`,
    evidence: `${node.name}: ${rate.toFixed(0)} flows/s into a ring of ${node.max_flows ?? 0n} are ${heldBy(worst).toFixed(1)} s; a collector may be away for ${seconds} s`,
    cure:
      size === undefined
        ? `set hubble.eventBufferCapacity to ${LARGEST}, the largest there is, which holds ${(LARGEST / rate).toFixed(1)} s; run a second collector for this cluster, or reduce flows with monitor aggregation`
        : `set hubble.eventBufferCapacity to ${size}`,
  };
}

function heldBy({ node, rate }: NodeRate): number {
  return held(node.max_flows, rate);
}

/** Seconds; Infinity without flows. */
function held(max: bigint | undefined, rate: number | undefined): number {
  if (max === undefined || max === 0n || rate === undefined || rate === 0) {
    return Number.POSITIVE_INFINITY;
  }
  return Number(max) / rate;
}
