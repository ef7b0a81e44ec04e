// Rows of `denials`, `incidents` and `flow_totals` for the flows of a batch, made from its block while the rows are at hand.
import type { NativeBlock } from '../../store/store.ts';
import { Conversations } from './conversations.ts';
import { denialBlocks } from './denial-blocks.ts';
import type { FlowTable, Places } from './flow-table.ts';
import { type IncidentLimits, Incidents } from './incidents.ts';
import { type RecordFacts, type RecordMark, recordMark } from './mark.ts';
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
  private readonly flows: FlowTable;
  private readonly parties: Parties;
  private readonly totals: FlowTotals;
  private readonly denying: DenyingPolicies;
  private readonly recent: RecentPolicies;
  private readonly conversations: Conversations;
  private readonly incidents: Incidents;
  private readonly memory = new BlockMemory();

  constructor(flows: FlowTable, locations: Places, { denials, totals }: DeriveLimits) {
    this.flows = flows;
    this.parties = new Parties(flows, locations);
    this.totals = new FlowTotals(flows, this.parties, totals);
    this.denying = new DenyingPolicies(flows);
    this.recent = new RecentPolicies(denials.remembered);
    this.conversations = new Conversations(flows, this.denying, this.recent);
    this.incidents = new Incidents(flows.texts, this.parties, denials);
  }

  /** Of the first `rows` flows. Call before they are cleared. */
  take(rows: number, header: RecordFacts, nowMs: number): Derived {
    if (rows === 0) return NOTHING;
    this.begin();
    const mark = recordMark(header);
    const totals = this.totals.take(rows, mark, this.memory);
    const denied = this.denialBlocks(rows, mark, nowMs);
    return {
      blocks: [totals, ...denied],
      foldedDenials: this.incidents.folded,
      foldedFlows: this.totals.folded,
    };
  }

  /** The same without the totals. */
  denials(rows: number, header: RecordFacts, nowMs: number): readonly NativeBlock[] {
    this.begin();
    return this.denialBlocks(rows, recordMark(header), nowMs);
  }

  /** Texts and endpoints have new numbers. */
  clear(): void {
    this.parties.clear();
    this.denying.clear();
    this.recent.clear();
    this.incidents.clear();
  }

  private begin(): void {
    if (this.parties.begin()) this.incidents.clear();
    this.incidents.begin();
  }

  private denialBlocks(rows: number, mark: RecordMark, nowMs: number): readonly NativeBlock[] {
    const { flows, parties, memory, conversations, incidents } = this;
    conversations.take(rows);
    if (conversations.size === 0) return [];
    return denialBlocks({ flows, parties, conversations, incidents, mark, memory, nowMs });
  }
}
