import { compilePredicate } from '../../hubble/filter/predicate.ts';
import type { GetFlowsResponse } from '../../hubble/proto/schema.gen.ts';
import { ParallaxError } from '../../runtime/errors.ts';
import type { ConnectionsConfig } from './config.ts';
import { type Connection, type ConnectionCandidate, candidateOf } from './connection.ts';
import { collectedBy, withMissing } from './missing.ts';
import { type Observation, observationOf } from './observation.ts';
import { type ConnectionQuery, stitchLimits } from './query.ts';
import { within } from './read.ts';
import { byTime } from './segment.ts';
import { stitch } from './stitch.ts';

/** Like `queryConnections`, over responses such as those of a file. Throws `store/limit` above `maxFlows`. */
export async function connectionsOf(
  responses: AsyncIterable<GetFlowsResponse>,
  query: ConnectionQuery,
  config: ConnectionsConfig,
): Promise<Connection[]> {
  const predicate = compilePredicate(query.whitelist, query.blacklist);
  const seen: Observation[] = [];
  for await (const response of responses) {
    const each = observationOf(response, { hit: false });
    if (each === undefined) continue;
    if (seen.length === config.maxFlows)
      throw new ParallaxError(
        'store/limit',
        `there are more than ${config.maxFlows} flows; import them and ask for connections of a window`,
      );
    seen.push({ ...each, hit: within(query, each.time) && predicate(response) });
  }
  const collected = collectedBy(seen);
  return newest(stitch(seen, stitchLimits(config)).map(candidateOf), query).map((candidate) =>
    withMissing(candidate, collected),
  );
}

/** Those asked for, by when they began. */
function newest(
  candidates: readonly ConnectionCandidate[],
  { number, first }: ConnectionQuery,
): ConnectionCandidate[] {
  const placed = candidates.flatMap((candidate) => {
    const place = first ? candidate.firstHit : candidate.lastHit;
    return place === undefined ? [] : [{ candidate, place }];
  });
  placed.sort((a, b) => byTime(a.place, b.place) * (first ? 1 : -1));
  const most = number === 0n ? placed.length : Number(number);
  const kept = placed.slice(0, most).map(({ candidate }) => candidate);
  return kept.sort((a, b) => byTime(a.first, b.first));
}
