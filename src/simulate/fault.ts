// Faults to inject into a relay, and their syntax on the command line.
import { duration, size } from '../config/values.ts';
import { inputError, type ParallaxError } from '../runtime/errors.ts';
import { STATUS } from './grpc.ts';

export const MALFORMED = ['truncated', 'unknown', 'utf8', 'huge'] as const;

export type Fault =
  /** Every connection is reset. */
  | { readonly kind: 'drop' }
  /** Nothing is written for a while; the rings go on. */
  | { readonly kind: 'stall'; readonly ms: number }
  /** Every GetFlows call ends with this gRPC status. */
  | { readonly kind: 'error'; readonly status: number; readonly message: string }
  /** Every GetFlows call ends with status OK. */
  | { readonly kind: 'eof' }
  /** The relay is gone for a while; with `lost` its nodes too, and their rings are empty afterwards. */
  | { readonly kind: 'restart'; readonly ms: number; readonly lost: boolean }
  /** A lost-events message of `count` events, lost before they reached a ring, for every reader. */
  | { readonly kind: 'lost'; readonly count: number }
  /** A node (or all) sends nothing more to the calls that are open now. */
  | { readonly kind: 'silent'; readonly node?: string | undefined }
  /** A node (or all) sends its ring a second time to the calls that are open now, from their `since`. */
  | { readonly kind: 'replay'; readonly node?: string | undefined }
  /** From now on events come up to `ms` out of order; 0 ends it. */
  | { readonly kind: 'disorder'; readonly ms: number }
  /** One message is sent that a careless reader trips over; `bytes` is the size of a huge one. */
  | {
      readonly kind: 'malformed';
      readonly how: (typeof MALFORMED)[number];
      readonly bytes?: number | undefined;
    };

/** A fault and when: once `atMs` after the start, or every `everyMs`. */
export interface ScheduledFault {
  readonly fault: Fault;
  readonly atMs?: number | undefined;
  readonly everyMs?: number | undefined;
  /** Only this relay, by name; all without. */
  readonly relay?: string | undefined;
}

const FORMS =
  'drop, eof, stall:5s, error or error:UNAVAILABLE, restart:5s, restart:5s:lost, lost:100, silent or silent:NODE, ' +
  'replay or replay:NODE, disorder:200ms, malformed:truncated|unknown|utf8|huge[:8MiB]; ' +
  'then @10s (once) or every:7s (again and again), as in "stall:5s@20s" or "drop every:7s"';

/** Reads `[RELAY/]KIND[:ARGUMENT…]@AFTER` or `… every:INTERVAL`, such as `stall:5s@20s`. */
export function parseFault(text: string): ScheduledFault {
  const refuse = () => inputError(`--fault "${text}" is not understood; write ${FORMS}`);
  const parts = /^(?:([\w.-]+)=)?([^@\s]+?)(?:@(\S+)|[@\s]+every:(\S+)|:every:(\S+))?$/.exec(
    text.trim().replace('@every:', ' every:'),
  );
  if (!parts) throw refuse();
  const [, relay, what = '', at, every, every2] = parts;
  const [kind, ...args] = what.split(':');
  const ms = (value: string | undefined) => {
    const parsed = duration.safeParse(value);
    if (!parsed.success) throw refuse();
    return parsed.data;
  };
  const interval = every ?? every2;
  const everyMs = interval === undefined ? undefined : ms(interval);
  if (everyMs === 0) throw refuse();
  const atMs = at === undefined ? (everyMs === undefined ? 0 : undefined) : ms(at);
  return { fault: readFault(kind ?? '', args, ms, refuse), atMs, everyMs, relay };
}

function readFault(
  kind: string,
  args: readonly string[],
  ms: (value: string | undefined) => number,
  refuse: () => ParallaxError,
): Fault {
  const [first, second] = args;
  switch (kind) {
    case 'drop':
    case 'eof':
      return { kind };
    case 'stall':
    case 'disorder':
      return { kind, ms: ms(first) };
    case 'error': {
      const status = statusNumber(first ?? 'UNAVAILABLE');
      if (status === undefined) throw refuse();
      return { kind, status, message: `simulated ${first ?? 'UNAVAILABLE'}` };
    }
    case 'restart':
      if (second !== undefined && second !== 'lost') throw refuse();
      return { kind, ms: ms(first), lost: second === 'lost' };
    case 'lost': {
      const count = Number(first ?? 1);
      if (!Number.isSafeInteger(count) || count < 1) throw refuse();
      return { kind, count };
    }
    case 'silent':
    case 'replay':
      return { kind, node: first };
    case 'malformed': {
      const how = MALFORMED.find((word) => word === first);
      const bytes = second === undefined ? undefined : size.safeParse(second);
      if (!how || bytes?.success === false) throw refuse();
      return { kind, how, bytes: bytes?.data };
    }
    default:
      throw refuse();
  }
}

/** `UNAVAILABLE`, `unavailable` or `14` as the number of a gRPC status. */
function statusNumber(text: string): number | undefined {
  const number = Number(text);
  if (Number.isInteger(number)) return number >= 0 && number <= 16 ? number : undefined;
  const wanted = text.replaceAll('_', '').toLowerCase();
  for (const [name, code] of Object.entries(STATUS)) {
    if (name.toLowerCase() === wanted) return code;
  }
  return undefined;
}
