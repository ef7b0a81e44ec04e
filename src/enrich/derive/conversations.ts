// The denials of a batch: what one node denied of one conversation, its drop events and policy verdicts joined. Only
// denied flows cost more than a look at their verdict.

import { EVENT_TYPES } from '../../hubble/names.ts';
import { Verdict } from '../../hubble/proto/schema.gen.ts';
import { isDenial } from '../../incident/denial.ts';
import { numberColumns, resizeAll } from '../project/byte-table.ts';
import type { FlowTable } from './flow-table.ts';
import { KeyTable } from './key-table.ts';
import type { DenyingPolicies } from './policies.ts';
import { CONVERSATION_WIDTH, conversationOf, type RecentPolicies } from './recent-policies.ts';

/** A conversation, and the slot and the request: other requests of a connection are denials of their own. */
const WIDTH = CONVERSATION_WIDTH + 5;
const { DROPPED, AUDIT } = Verdict.numbers;

export class Conversations {
  /** By denial: rows of its first and last flow, flows of each kind, texts of policies, what a verdict matched on. */
  readonly values = numberColumns(
    ['first', 'last', 'drops', 'verdicts', 'policies', 'matches'],
    256,
  );
  private readonly flows: FlowTable;
  private readonly denying: DenyingPolicies;
  private readonly recent: RecentPolicies;
  private readonly table = new KeyTable(WIDTH, 256);

  constructor(flows: FlowTable, denying: DenyingPolicies, recent: RecentPolicies) {
    this.flows = flows;
    this.denying = denying;
    this.recent = recent;
  }

  get size(): number {
    return this.table.size;
  }

  /** Takes the denied ones of the first `rows` rows, in place of those taken before. */
  take(rows: number): void {
    const { verdict, drop_reason_desc, type, event_type } = this.flows.columns;
    this.table.clear();
    for (let row = 0; row < rows; row++) {
      const outcome = verdict[row] ?? 0;
      if (outcome !== DROPPED && outcome !== AUDIT) continue;
      if (isDenial(outcome, drop_reason_desc[row] ?? 0, type[row] ?? 0, event_type[row] ?? 0))
        this.add(row);
    }
    if (this.size > 0) this.sharePolicies();
  }

  private add(row: number): void {
    const { flows, table, denying } = this;
    const { columns } = flows;
    const { probe } = table;
    conversationOf(flows, row, probe);
    probe[CONVERSATION_WIDTH] = columns.time_slot[row] ?? 0;
    probe[CONVERSATION_WIDTH + 1] = columns.icmp_type[row] ?? 0;
    probe[CONVERSATION_WIDTH + 2] = columns.http_method[row] ?? 0;
    probe[CONVERSATION_WIDTH + 3] = columns.http_url[row] ?? 0;
    probe[CONVERSATION_WIDTH + 4] = columns.dns_query[row] ?? 0;
    const known = table.size;
    const denial = table.find();
    if (denial === known) this.begin(denial, row);
    const { values } = this;
    if (this.before(row, values.first[denial] ?? 0)) values.first[denial] = row;
    if (this.before(values.last[denial] ?? 0, row)) values.last[denial] = row;
    bump(columns.event_type[row] === EVENT_TYPES.drop ? values.drops : values.verdicts, denial);
    values.policies[denial] = denying.union(values.policies[denial] ?? 0, denying.of(row));
    values.matches[denial] = (values.matches[denial] ?? 0) || (columns.policy_match_type[row] ?? 0);
  }

  private begin(denial: number, row: number): void {
    const { values } = this;
    if (denial >= values.first.length) resizeAll(values, values.first.length * 2);
    for (const column of Object.values(values)) column[denial] = 0;
    values.first[denial] = row;
    values.last[denial] = row;
  }

  /** Gives denials that name no policy those which the same conversation named elsewhere, in this batch or lately. */
  private sharePolicies(): void {
    const { recent } = this;
    const { policies } = this.values;
    for (let denial = 0; denial < this.size; denial++) {
      const named = policies[denial] ?? 0;
      if (named !== 0) recent.set(this.conversation(denial), named, this.second(denial));
    }
    for (let denial = 0; denial < this.size; denial++) {
      if (policies[denial] === 0)
        policies[denial] = recent.get(this.conversation(denial), this.second(denial));
    }
  }

  private conversation(denial: number): Uint32Array {
    return this.table.words.subarray(denial * WIDTH, denial * WIDTH + CONVERSATION_WIDTH);
  }

  /** Of the first flow, since 1970. */
  private second(denial: number): number {
    const { time } = this.flows.columns;
    const row = this.values.first[denial] ?? 0;
    const high = (time[2 * row + 1] ?? 0) | 0;
    return Math.floor((high * 2 ** 32 + (time[2 * row] ?? 0)) / 1e9);
  }

  /** Whether a row's time is before another's, to the nanosecond. */
  private before(row: number, other: number): boolean {
    const { time } = this.flows.columns;
    const high = (time[2 * row + 1] ?? 0) | 0;
    const otherHigh = (time[2 * other + 1] ?? 0) | 0;
    if (high !== otherHigh) return high < otherHigh;
    return (time[2 * row] ?? 0) < (time[2 * other] ?? 0);
  }
}

function bump(counts: Uint32Array, at: number): void {
  counts[at] = (counts[at] ?? 0) + 1;
}
