// What a regular expression is once it is read.
import type { CharTest } from './re2-class.ts';

export type Assertion = 'textStart' | 'textEnd' | 'lineStart' | 'lineEnd' | 'word' | 'notWord';

export type Node =
  | { readonly kind: 'empty' }
  | {
      readonly kind: 'char';
      readonly test: CharTest;
      readonly literal?: string;
      /** A Unicode class, which other engines spell out range by range. */
      readonly wide?: boolean;
    }
  | { readonly kind: 'assert'; readonly what: Assertion }
  | { readonly kind: 'concat' | 'alternate'; readonly nodes: readonly Node[] }
  | {
      readonly kind: 'repeat';
      readonly node: Node;
      readonly min: number;
      readonly max: number;
      /** Written with braces: such repetitions may not multiply beyond MAX_REPEAT. */
      readonly counted: boolean;
    };

/** Whether repetitions inside of one another make no more than `most` copies. */
export function multiplies(node: Node, most: number): boolean {
  switch (node.kind) {
    case 'concat':
    case 'alternate':
      return node.nodes.every((each) => multiplies(each, most));
    case 'repeat': {
      if (!node.counted) return multiplies(node.node, most);
      const copies = Number.isFinite(node.max) ? node.max : node.min;
      if (node.max === 0) return true;
      if (copies > most) return false;
      return multiplies(node.node, copies > 0 ? Math.floor(most / copies) : most);
    }
    default:
      return true;
  }
}
