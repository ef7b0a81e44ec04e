// What the writer stores beside the flows of a batch: rows of `denials`, `incidents` and `flow_totals`, from the rows
// of the block while they are at hand.
import type { FlowBatchHeader } from '../../hubble/batch.ts';
import type { NativeBlock } from '../../store/store.ts';
import type { Locations } from '../project/locations.ts';
import type { Sink } from '../project/sink.ts';
import { Conversations } from './conversations.ts';
import { denialBlocks } from './denial-blocks.ts';
import { type IncidentLimits, Incidents } from './incidents.ts';
import { recordMark } from './mark.ts';
import { Parties } from './parties.ts';
import { DenyingPolicies } from './policies.ts';
import { RecentPolicies } from './recent-policies.ts';
import { BlockMemory } from './table-block.ts';
import { FlowTotals, type TotalsLimits } from './totals.ts';

export interface DeriveLimits {
  readonly denials: IncidentLimits & {
    /** Conversations whose policies are remembered from batch to batch. */
    readonly remembered: number;
  };
  readonly totals: TotalsLimits;
}

export interface Derived {
  /** In the order in which they are to be stored; none when there are no flows. */
  readonly blocks: readonly NativeBlock[];
  /** Denials whose incident leaves out the port, or more. */
  readonly foldedDenials: number;
  /** Flows that were counted without their port. */
  readonly foldedFlows: number;
}

export const NOTHING: Derived = { blocks: [], foldedDenials: 0, foldedFlows: 0 };

export class Derivation {
  private readonly sink: Sink;
  private readonly parties: Parties;
  private readonly totals: FlowTotals;
  private readonly denying: DenyingPolicies;
  private readonly recent: RecentPolicies;
  private readonly conversations: Conversations;
  private readonly incidents: Incidents;
  private readonly memory = new BlockMemory();

  constructor(sink: Sink, locations: Locations, { denials, totals }: DeriveLimits) {
    this.sink = sink;
    this.parties = new Parties(sink, locations);
    this.totals = new FlowTotals(sink, this.parties, totals);
    this.denying = new DenyingPolicies(sink);
    this.recent = new RecentPolicies(denials.remembered);
    this.conversations = new Conversations(sink, this.denying, this.recent);
    this.incidents = new Incidents(sink.texts, this.parties, denials);
  }

  /** Of the sink's first `rows` rows. Call before they are cleared. */
  take(rows: number, header: FlowBatchHeader, nowMs: number): Derived {
    if (rows === 0) return NOTHING;
    const { sink, parties, memory, conversations, incidents, totals } = this;
    const mark = recordMark(header);
    if (this.parties.begin()) incidents.clear();
    incidents.begin();
    const blocks = [totals.take(rows, mark, memory)];
    conversations.take(rows);
    if (conversations.size > 0) {
      const about = { sink, parties, conversations, incidents, mark, memory, nowMs };
      blocks.push(...denialBlocks(about));
    }
    return { blocks, foldedDenials: incidents.folded, foldedFlows: totals.folded };
  }

  /** Texts and endpoints have new numbers. */
  clear(): void {
    this.parties.clear();
    this.denying.clear();
    this.recent.clear();
    this.incidents.clear();
  }
}
