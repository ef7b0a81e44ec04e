// What an end without a workload is called, of a flow that is in no table: as `expressions` has it in SQL.

/** Of an end without a workload: DNS name, the narrowest network, reserved label, pod; '' when nothing is known. */
export function peerOf(end: {
  readonly names: readonly string[];
  readonly labels: readonly string[];
  readonly pod: string;
}): string {
  const { names, labels, pod } = end;
  const [name = ''] = names;
  if (name !== '') return name;
  let narrowest = '';
  // A network of length 0 is everything, and says nothing.
  let longest = 0;
  for (const label of labels) {
    const length = Number(/^cidr:.*\/([0-9]+)$/.exec(label)?.[1] ?? 0);
    if (length <= longest) continue;
    narrowest = label;
    longest = length;
  }
  return narrowest || (labels.find((label) => label.startsWith('reserved:')) ?? pod);
}
