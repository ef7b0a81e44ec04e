// Aggregates of the flows in a file: the same dimensions, counted here. What only enrichment knows of a flow is not in
// it: clusters and workloads are those that the flow itself names.

import { workloadOfPodName } from '../../enrich/inventory/workloads.ts';
import { compilePredicate } from '../../hubble/filter/predicate.ts';
import type { GetFlowsResponse } from '../../hubble/proto/schema.gen.ts';
import { toNanos } from '../../hubble/proto/timestamp.ts';
import { schemaError } from '../../query/request/fields.ts';
import { type Aggregates, aggregatesOf } from '../../query/totals/aggregates.ts';
import { totalsConfig } from '../../query/totals/config.ts';
import { dimensionsNamed } from '../../query/totals/dimensions.ts';
import { aggregatesInput } from '../../query/totals/input.ts';
import { cellsOf, marksOf } from '../../query/totals/of-flow.ts';
import { Tally } from '../../query/totals/tally.ts';
import { inputError } from '../../runtime/errors.ts';
import type { ObserveOptions } from '../observe/options.ts';
import type { Fields } from './command.ts';

export async function aggregatesOfFile(
  responses: AsyncIterable<GetFlowsResponse>,
  options: Pick<ObserveOptions, 'whitelist' | 'blacklist' | 'since' | 'until'>,
  request: Fields,
): Promise<Aggregates> {
  const parsed = aggregatesInput.safeParse(request);
  if (!parsed.success) throw schemaError(parsed.error);
  const { by, order, limit, offset, connections } = parsed.data;
  if (connections || order === 'connections')
    throw inputError('connections are counted in stored flows only', { field: 'connections' });
  const { whitelist, blacklist, since, until } = options;
  const dimensions = dimensionsNamed('by', by);
  // In a file the names of clusters are names, as the reference has it.
  const wants = compilePredicate(whitelist, blacklist, { clusterPatterns: false });
  const tally = new Tally(totalsConfig.parse({}).maxCounted);
  let [first, last]: (bigint | undefined)[] = [];
  for await (const response of responses) {
    const moment = response.flow?.time ?? response.time;
    const nanos = moment === undefined ? 0n : toNanos(moment);
    if (since !== undefined && nanos < since) continue;
    if (until !== undefined && nanos > until) continue;
    if (response.flow === undefined || !wants(response)) continue;
    if (first === undefined || nanos < first) first = nanos;
    if (last === undefined || nanos > last) last = nanos;
    tally.add(cellsOf(response, dimensions, workloadOfPodName), marksOf(response));
  }
  const ranking = { dimensions, measures: ['flows'], order, limit, offset } as const;
  const window = { since: since ?? first ?? 0n, until: until ?? last ?? 0n };
  return aggregatesOf({ by, ...tally.ranked(ranking), source: 'flows' }, window);
}
