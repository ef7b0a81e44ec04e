// Counts the flows of each observing node over a block.
import { clusterOf } from './finish.ts';
import type { RowWriter } from './row-writer.ts';

export interface NodeFact {
  readonly cluster: string;
  /** As the flows name it. */
  readonly node: string;
  readonly flows: number;
}

/** Counts the writer's first `rows` rows; `cluster` is '' when the node name says it. */
export function countNodes(writer: RowWriter, rows: number, cluster: string): readonly NodeFact[] {
  const { columns, texts } = writer;
  const counts = new Map<number, number>();
  // Rows of one node tend to follow on each other.
  let [node, run] = [-1, 0];
  for (let row = 0; row <= rows; row++) {
    const next = row === rows ? -1 : columns.node_name[row] || columns.response_node_name[row] || 0;
    if (next === node) run++;
    else {
      if (run > 0) counts.set(node, (counts.get(node) ?? 0) + run);
      node = next;
      run = 1;
    }
  }
  return [...counts].map(([id, flows]) => {
    const name = texts.text(id);
    return { cluster: cluster === '' ? clusterOf(name) : cluster, node: name, flows };
  });
}
