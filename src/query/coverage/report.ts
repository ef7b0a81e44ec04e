import { z } from 'zod';
import { MINUTE_MS } from '../../runtime/time.ts';
import type { Coverage } from './coverage.ts';
import { sentences } from './describe.ts';
import type { BucketFact } from './facts.ts';
import { droppedIn, type Gap, isForeign, lostIn, type NodeFacts } from './gaps.ts';
import { timelineOf } from './timeline.ts';

const count = z.strictObject({ min: z.number(), max: z.number() });
const time = z.string().describe('RFC 3339');

const gapSchema = z.strictObject({
  cluster: z.string(),
  node: z.string().describe('Empty: the whole cluster'),
  from: time,
  to: time,
  reason: z.enum(['not-collected', 'dark', 'missing', 'restarted', 'lost', 'dropped']),
  count: count.optional().describe('Flows; exactly known when min is max, not at all when absent'),
});

const nodeSchema = z.strictObject({
  cluster: z.string(),
  node: z.string(),
  completePercent: z
    .number()
    .optional()
    .describe('Flows that are there of those known to have been; absent when it is not known'),
  received: z.number(),
  repeated: z.number().describe('Of those received, what may have been published before'),
  seen: z.number().describe('Flows the node saw, by its own count'),
  lost: z.strictObject({
    perfRing: z.number(),
    queue: z.number(),
    hubbleRing: z.number(),
    unknown: z.number(),
  }),
  dropped: z.strictObject({ oversize: z.number(), tooLarge: z.number() }),
  missing: count.describe('Overwritten in the node’s ring while nobody read it'),
  darkMinutes: z.number().describe('Minutes of which nothing is known'),
  delayMs: z.strictObject({ p50: z.number(), max: z.number() }).optional(),
  skewMs: z.number().optional().describe('How far the node’s clock is ahead, estimated'),
  strip: z
    .string()
    .describe('A character a bucket: # full, + partly, x lost, _ dark, . not collected'),
});

export const coverageReport = z.strictObject({
  since: time,
  until: time,
  bucketSeconds: z.int(),
  complete: z.boolean(),
  collected: z.boolean(),
  says: z.array(z.string()).describe('The report in sentences'),
  gaps: z.array(gapSchema),
  nodes: z.array(nodeSchema),
  foreign: z
    .array(z.strictObject({ cluster: z.string(), node: z.string(), flows: z.number() }))
    .describe('Flows of other clusters’ nodes that were dropped'),
});

export type CoverageReport = z.infer<typeof coverageReport>;
export type NodeReport = CoverageReport['nodes'][number];

export function reportOf(coverage: Coverage): CoverageReport {
  const { window, complete, collected, gaps, clusters } = coverage;
  const all = [...clusters.values()].flatMap((nodes) => [...nodes.values()]);
  const own = all.filter((each) => each.node !== '' && !isForeign(each));
  const foreign = all.flatMap(({ cluster, node, buckets }) => {
    const flows = sum([...buckets.values()], (fact) => fact.foreign);
    return flows > 0 ? [{ cluster, node, flows }] : [];
  });
  return {
    since: iso(window.sinceMs),
    until: iso(window.untilMs),
    bucketSeconds: window.bucketMs / 1000,
    complete,
    collected,
    says: sentences(coverage),
    gaps: gaps.map(({ cluster, node, fromMs, toMs, reason, count }) => ({
      cluster,
      node,
      from: iso(fromMs),
      to: iso(toMs),
      reason,
      ...(count && { count }),
    })),
    nodes: own
      .map((each) => nodeReport(each, coverage))
      .sort((a, b) => a.cluster.localeCompare(b.cluster) || a.node.localeCompare(b.node)),
    foreign,
  };
}

function nodeReport(node: NodeFacts, { window, gaps }: Coverage): NodeReport {
  const facts = [...node.buckets.values()];
  const own = gaps.filter((gap) => gap.cluster === node.cluster && gap.node === node.node);
  const blind = gaps.filter((gap) => gap.cluster === node.cluster && gap.node === '');
  const unknown = [...own, ...blind].filter(({ count }) => count === undefined);
  const missing = total(own.filter(({ reason }) => reason === 'missing'));
  const lost = sum(facts, lostIn);
  const dropped = sum(facts, droppedIn);
  const received = sum(facts, (fact) => fact.received);
  const gone = missing.max + lost + dropped;
  const skews = facts.flatMap(({ skewMs }) => (skewMs === undefined ? [] : [skewMs]));
  const delays = facts.filter((fact) => fact.delays > 0);
  const there = received + gone > 0 ? received / (received + gone) : 1;
  return {
    cluster: node.cluster,
    node: node.node,
    // Rounded down: what lacks one flow is not whole.
    ...(unknown.length === 0 && { completePercent: Math.floor(there * 100_000) / 1000 }),
    received,
    repeated: sum(facts, (fact) => fact.repeated),
    seen: sum(facts, ({ seenFirst, seenLast }) => Math.max(0, seenLast - seenFirst)),
    lost: {
      perfRing: sum(facts, (fact) => fact.lostPerf),
      queue: sum(facts, (fact) => fact.lostQueue),
      hubbleRing: sum(facts, (fact) => fact.lostRing),
      unknown: sum(facts, (fact) => fact.lostUnknown),
    },
    dropped: {
      oversize: sum(facts, (fact) => fact.oversize),
      tooLarge: sum(facts, (fact) => fact.tooLarge),
    },
    missing,
    darkMinutes: Math.round(
      unknown.reduce((ms, { fromMs, toMs }) => {
        const within = Math.min(toMs, window.untilMs) - Math.max(fromMs, window.sinceMs);
        return ms + Math.max(0, within);
      }, 0) / MINUTE_MS,
    ),
    ...(delays.length > 0 && {
      delayMs: { p50: weighted(delays), max: Math.max(...delays.map((fact) => fact.delayMaxMs)) },
    }),
    ...(skews.length > 0 && { skewMs: Math.max(...skews) }),
    strip: timelineOf(node, window, [...own, ...blind]),
  };
}

/** Median of the buckets' medians, by how many flows each stands for. */
function weighted(facts: readonly BucketFact[]): number {
  let left = sum(facts, (fact) => fact.delays) / 2;
  for (const fact of facts.toSorted((a, b) => a.delayP50Ms - b.delayP50Ms)) {
    left -= fact.delays;
    if (left <= 0) return fact.delayP50Ms;
  }
  return 0;
}

function total(gaps: readonly Gap[]): { min: number; max: number } {
  return {
    min: gaps.reduce((all, { count }) => all + (count?.min ?? 0), 0),
    max: gaps.reduce((all, { count }) => all + (count?.max ?? 0), 0),
  };
}

function sum(facts: readonly BucketFact[], of: (fact: BucketFact) => number): number {
  return facts.reduce((all, fact) => all + of(fact), 0);
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
