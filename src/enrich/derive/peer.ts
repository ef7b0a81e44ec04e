// Names of ends without a workload, from the texts of their columns.
import { peerName } from '../../incident/peer-name.ts';

/** An end as its columns have it; lists as lines. */
export interface EndTexts {
  readonly workload: string;
  /** DNS names. */
  readonly names: string;
  readonly labels: string;
  readonly pod: string;
}

/** '' with a workload. */
export function peerOf({ workload, names, labels, pod }: EndTexts): string {
  if (workload !== '') return '';
  const [dnsName = ''] = names.split('\n', 1);
  return peerName({ dnsName, labels: labels.split('\n'), pod });
}
