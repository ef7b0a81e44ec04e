// Column types by table, as the catalogue has them: what a Native file of some columns holds.
import { EVENT_COLUMNS, FLOW_COLUMNS } from './columns.ts';
import { quote } from './literals.ts';
import type { NativeBlock } from './store.ts';

const TYPES: Readonly<Record<string, ReadonlyMap<string, string>>> = {
  flows: new Map(FLOW_COLUMNS.map(({ name, type }) => [name, type])),
  events: new Map(EVENT_COLUMNS.map(({ name, type }) => [name, type])),
};

/** `` `a`, `b` ``: the block's columns as SQL. */
export function columnList(block: NativeBlock): string {
  return block.columns.map(identifier).join(', ');
}

/** The structure argument of `file()`; empty for tables the catalogue does not know, whose files tell it themselves. */
export function structureArgument(block: NativeBlock): string {
  const types = TYPES[block.table];
  if (types === undefined) return '';
  const parts = block.columns.map((name) => `${identifier(name)} ${types.get(name) ?? 'String'}`);
  return `, ${quote(parts.join(', '))}`;
}

export function identifier(name: string): string {
  return `\`${name.replaceAll('\\', '\\\\').replaceAll('`', '\\`')}\``;
}
