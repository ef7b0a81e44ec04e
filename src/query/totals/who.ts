// Who called, and what an end without a workload is called, of a flow that is in no table: as `expressions` has it in
// SQL.
import { EVENT_TYPES } from '../../hubble/names.ts';
import { Verdict } from '../../hubble/schema.gen.ts';

/** Numbers as the columns have them. */
export interface CallFacts {
  readonly protocol: number;
  readonly tcpFlags: number;
  readonly l7Type: number;
  readonly isReply: number;
  readonly reply: number;
  readonly eventType: number;
  readonly verdict: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
}

const TCP = 1;
const SYN = 2;
const SYN_ACK = 18;
/** The first port that Linux hands out to clients by default. */
const FIRST_EPHEMERAL = 32_768;

/** Whether the flow's source is the client. */
export function sourceCalls(flow: CallFacts): boolean {
  const { protocol, tcpFlags, l7Type, isReply, sourcePort, destinationPort } = flow;
  if (protocol === TCP && (tcpFlags & SYN) !== 0) return (tcpFlags & SYN_ACK) === SYN;
  if (l7Type === 1 || l7Type === 2) return l7Type === 1;
  if (isReply !== 0) return isReply === 1;
  if (flow.reply === 1) return false;
  if (flow.eventType === EVENT_TYPES['policy-verdict']) return true;
  if (flow.verdict === Verdict.numbers.DROPPED) return true;
  const ephemeral = sourcePort >= FIRST_EPHEMERAL;
  if (ephemeral !== destinationPort >= FIRST_EPHEMERAL) return ephemeral;
  return sourcePort >= destinationPort;
}

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
