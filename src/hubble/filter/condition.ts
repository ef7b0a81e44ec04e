import type { Flow } from '../proto/schema.gen.ts';

/** One field's condition. Lost events and node status are tested as a flow that is not there. */
export type Test = (flow: Flow | undefined) => boolean;

/** True for a list that constrains: absent and empty lists mean no constraint. */
export function some<T>(list: readonly T[] | undefined): list is readonly T[] {
  return list !== undefined && list.length > 0;
}
