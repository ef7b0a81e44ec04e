import type { FlowFilter } from '../../../src/hubble/proto/schema.gen.ts';
import { compileSql } from '../../../src/query/sql/compile.ts';

/** Filters as text and values, for statements that tests put together. */
export function rendered(whitelist: readonly FlowFilter[], blacklist: readonly FlowFilter[]) {
  const { condition, exact } = compileSql(whitelist, blacklist);
  const { text: where, params } = condition.render();
  return { where, params, exact };
}
