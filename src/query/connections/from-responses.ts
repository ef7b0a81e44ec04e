// The connections among responses at hand, such as those of a file.
import { compilePredicate } from '../../hubble/filter/predicate.ts';
import type { GetFlowsResponse } from '../../hubble/proto/schema.gen.ts';
import { ParallaxError } from '../../runtime/errors.ts';
import type { ConnectionsConfig } from './config.ts';
import { type Connection, type Draft, draftOf } from './connection.ts';
import { collectedBy, withMissing } from './missing.ts';
import { type Observation, observationOf } from './observation.ts';
import { type ConnectionQuery, stitchLimits } from './query.ts';
import { within } from './read.ts';
import { byTime } from './segment.ts';
import { stitch } from './stitch.ts';

/** As `queryConnections`, of what `responses` tells. Throws `store/limit` for more than may be held. */
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
  return newest(stitch(seen, stitchLimits(config)).map(draftOf), query).map((draft) =>
    withMissing(draft, collected),
  );
}

/** Those asked for, by when they began. */
function newest(drafts: readonly Draft[], { number, first }: ConnectionQuery): Draft[] {
  const placed = drafts.flatMap((draft) => {
    const place = first ? draft.firstHit : draft.lastHit;
    return place === undefined ? [] : [{ draft, place }];
  });
  placed.sort((a, b) => byTime(a.place, b.place) * (first ? 1 : -1));
  const most = number === 0n ? placed.length : Number(number);
  const kept = placed.slice(0, most).map(({ draft }) => draft);
  return kept.sort((a, b) => byTime(a.first, b.first));
}
