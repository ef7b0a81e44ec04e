// Name of an end without a workload, from what a flow says of it. Never its address, which would make each address
// an end of its own. `flow_totals` stores it; src/query/totals/expressions.ts has the same in SQL.
export interface Unnamed {
  /** The first of its DNS names, '' without one. */
  readonly dnsName: string;
  /** Identity labels. */
  readonly labels: readonly string[];
  readonly pod: string;
}

/** DNS name, the narrowest `cidr:` label, `reserved:` label or pod, the first that is known; '' when none is. */
export function peerName({ dnsName, labels, pod }: Unnamed): string {
  return (
    dnsName || narrowest(labels) || (labels.find((each) => each.startsWith('reserved:')) ?? pod)
  );
}

function narrowest(labels: readonly string[]): string {
  let found = '';
  // A network of length 0 is everything, and says nothing.
  let longest = 0;
  for (const label of labels) {
    const length = Number(/^cidr:.*\/([0-9]+)$/.exec(label)?.[1] ?? 0);
    if (length <= longest) continue;
    found = label;
    longest = length;
  }
  return found;
}
