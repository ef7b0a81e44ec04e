// The flows of a batch as what is derived from them needs to see them: the writer's rows while they are at hand, or rows
// read back from the store.
import type { Endpoints } from '../project/endpoints.ts';
import type { Locations } from '../project/locations.ts';
import type { Pairs } from '../project/pairs.ts';
import type { Sink } from '../project/sink.ts';

export interface FlowTable extends Pick<Sink, 'columns' | 'groups' | 'texts'> {
  readonly endpoints: Pick<
    Endpoints,
    'identities' | 'namespaces' | 'labels' | 'podNames' | 'clusterNames' | 'workloads'
  >;
  readonly pairs: Pick<Pairs, 'first' | 'second'>;
}

/** Where ends are, by the number of their location. */
export type Places = Pick<Locations, 'names' | 'workloads'>;
