// Policies that denied a conversation in the last seconds: a drop event whose policy verdict came in the batch before names
// none itself. A table of fixed size in which newer answers replace older ones.
import type { FlowTable } from './flow-table.ts';

/** Words of a conversation: cluster and node, the addresses, ports, then the small numbers. */
export const CONVERSATION_WIDTH = 7;
/** Of an entry: the conversation, the policies, the second of the flow. */
const WIDTH = CONVERSATION_WIDTH + 2;
/** Entries that one answer may be in; a power of two. */
const WAYS = 4;
/** A verdict and its drop are microseconds apart; ports are used again after a minute or so. */
const MAX_AGE_S = 10;

/** The conversation of a row, and what was decided on it: `out` gets its words. */
export function conversationOf({ columns }: FlowTable, row: number, out: Uint32Array): void {
  const reason = columns.drop_reason_desc[row] ?? 0;
  const small = ((columns.traffic_direction[row] ?? 0) << 8) | (columns.l4_protocol[row] ?? 0);
  out[0] = columns.cluster[row] ?? 0;
  out[1] = columns.node_name[row] || columns.response_node_name[row] || 0;
  out[2] = columns.ip_source[row] ?? 0;
  out[3] = columns.ip_destination[row] ?? 0;
  out[4] = ((columns.source_port[row] ?? 0) << 16) | (columns.destination_port[row] ?? 0);
  out[5] = ((columns.verdict[row] ?? 0) << 16) | small;
  out[6] = reason;
}

export class RecentPolicies {
  private readonly entries: Uint32Array;
  private readonly mask: number;
  private victim = 0;

  /** Remembers so many conversations, rounded up to a power of two. */
  constructor(size: number) {
    const rows = 2 ** Math.ceil(Math.log2(Math.max(WAYS, size)));
    this.entries = new Uint32Array(rows * WIDTH);
    this.mask = rows - WAYS;
  }

  set(conversation: Uint32Array, policies: number, second: number): void {
    const { entries } = this;
    const first = this.placeOf(conversation);
    const at = this.find(first, conversation) ?? first + (this.victim++ & (WAYS - 1)) * WIDTH;
    entries.set(conversation.subarray(0, CONVERSATION_WIDTH), at);
    entries[at + CONVERSATION_WIDTH] = policies;
    entries[at + CONVERSATION_WIDTH + 1] = second;
  }

  /** Of the conversation at about that second; 0 when none are known. */
  get(conversation: Uint32Array, second: number): number {
    const { entries } = this;
    const at = this.find(this.placeOf(conversation), conversation);
    if (at === undefined) return 0;
    const age = Math.abs(second - (entries[at + CONVERSATION_WIDTH + 1] ?? 0));
    return age > MAX_AGE_S ? 0 : (entries[at + CONVERSATION_WIDTH] ?? 0);
  }

  /** Texts have new numbers. */
  clear(): void {
    this.entries.fill(0);
  }

  private placeOf(conversation: Uint32Array): number {
    let hash = 0;
    for (let i = 0; i < CONVERSATION_WIDTH; i++) {
      hash = Math.imul(hash ^ (conversation[i] ?? 0), 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    return (hash & this.mask) * WIDTH;
  }

  /** Where the conversation is among the entries that it may be in. */
  private find(first: number, conversation: Uint32Array): number | undefined {
    const { entries } = this;
    for (let at = first; at < first + WAYS * WIDTH; at += WIDTH) {
      let i = 0;
      while (i < CONVERSATION_WIDTH && entries[at + i] === conversation[i]) i++;
      if (i === CONVERSATION_WIDTH) return at;
    }
    return undefined;
  }
}
