// What an end is called that has no workload. Never its address: that would make each address an end of its own.

/** An end as its columns have it; lists as lines. */
export interface EndTexts {
  readonly workload: string;
  /** DNS names. */
  readonly names: string;
  readonly labels: string;
  readonly pod: string;
}

const CIDR = 'cidr:';
const RESERVED = 'reserved:';

/** DNS name, the narrowest `cidr:` label, `reserved:` label or pod, whichever is known first; '' with a workload. */
export function peerOf({ workload, names, labels, pod }: EndTexts): string {
  if (workload !== '') return '';
  const name = firstLine(names);
  if (name !== '') return name;
  return labelOf(labels.split('\n')) || pod;
}

function firstLine(lines: string): string {
  const end = lines.indexOf('\n');
  return end < 0 ? lines : lines.slice(0, end);
}

function labelOf(labels: readonly string[]): string {
  let narrowest = '';
  // A network of length 0 is everything, and says nothing.
  let length = 0;
  for (const label of labels) {
    if (!label.startsWith(CIDR)) continue;
    const prefix = Number.parseInt(label.slice(label.lastIndexOf('/') + 1), 10);
    if (prefix > length) {
      narrowest = label;
      length = prefix;
    }
  }
  return narrowest || (labels.find((label) => label.startsWith(RESERVED)) ?? '');
}
