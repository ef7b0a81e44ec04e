import type { Observation } from './observation.ts';

export interface L7Summary {
  readonly protocol: string;
  readonly requests: number;
  readonly responses: number;
  readonly methods: Readonly<Record<string, number>>;
  /** HTTP status codes of the responses. */
  readonly codes: Readonly<Record<string, number>>;
  /** Names asked for. */
  readonly queries: readonly string[];
  /** DNS response codes other than success. */
  readonly rcodes: Readonly<Record<string, number>>;
  /** Of the responses that say one, milliseconds. */
  readonly latency?: { readonly min: number; readonly mean: number; readonly max: number };
}

const PROTOCOLS = ['unknown', 'dns', 'http', 'kafka'] as const;
const REQUEST = 1;
const RESPONSE = 2;
/** DNS names listed for one connection. */
const MAX_QUERIES = 20;

export function summarizeL7(seen: readonly Observation[]): L7Summary | undefined {
  const events = seen.flatMap(({ l7, l7Type }) => (l7 === undefined ? [] : [{ ...l7, l7Type }]));
  const [first] = events;
  if (first === undefined) return undefined;
  const requests = events.filter(({ l7Type }) => l7Type === REQUEST);
  const responses = events.filter(({ l7Type }) => l7Type === RESPONSE);
  const asked = requests.length > 0 ? requests : responses;
  const times = responses.filter(({ latencyNs }) => latencyNs > 0).map((each) => each.latencyNs);
  return {
    protocol: PROTOCOLS[first.protocol] ?? 'unknown',
    requests: requests.length,
    responses: responses.length,
    methods: tally(asked.map(({ method }) => method)),
    codes: tally(responses.map(({ code }) => (code === 0 ? '' : String(code)))),
    queries: [...new Set(asked.map(({ query }) => query).filter(Boolean))].slice(0, MAX_QUERIES),
    rcodes: tally(responses.map(({ rcode }) => (rcode === 0 ? '' : String(rcode)))),
    ...(times.length > 0 && {
      latency: {
        min: ms(Math.min(...times)),
        mean: ms(times.reduce((sum, each) => sum + each, 0) / times.length),
        max: ms(Math.max(...times)),
      },
    }),
  };
}

function ms(nanos: number): number {
  return Math.round(nanos / 1000) / 1000;
}

function tally(values: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) if (value !== '') counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}
