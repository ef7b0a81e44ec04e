// Names as SQL.
import type { NativeBlock } from '../store.ts';

/** `` `a`, `b` ``: the block's columns. */
export function columnList(block: NativeBlock): string {
  return block.columns.map(identifier).join(', ');
}

export function identifier(name: string): string {
  return `\`${name.replaceAll('\\', '\\\\').replaceAll('`', '\\`')}\``;
}
