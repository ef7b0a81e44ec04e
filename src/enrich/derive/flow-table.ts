// The flows of a batch as what is derived from them needs to see them: the writer's rows while they are at hand, or rows
// read back from the store.
import type { Locations } from '../project/locations.ts';
import type { RowWriter } from '../project/row-writer.ts';

type Values<Table extends { readonly values: unknown }, Name extends keyof Table['values']> = {
  readonly values: Readonly<Pick<Table['values'], Name>>;
};

export interface FlowTable extends Pick<RowWriter, 'columns' | 'groups' | 'texts'> {
  readonly endpoints: Values<
    RowWriter['endpoints'],
    'identity' | 'namespace' | 'labels' | 'pod_name' | 'cluster_name' | 'workloads'
  >;
  readonly services: Values<RowWriter['services'], 'name' | 'namespace'>;
}

/** Where ends are, by the number of their location. */
export type Places = Values<Locations, 'cluster' | 'workload'>;
