// The policies that a flow names as denying it, as the column `policies` has them: a line each, sorted.
import type { Texts } from '../project/texts.ts';
import type { FlowTable } from './flow-table.ts';

const INGRESS = 1;
const EGRESS = 2;

interface Named {
  readonly kind?: string;
  readonly namespace?: string;
  readonly name?: string;
}

/** Of the JSON array that `*_denied_by` has, '' for none: `Kind namespace/name` a line. */
export function policyLines(json: string): string {
  if (json === '') return '';
  // The writer made the text itself, from decoded policies.
  const policies = JSON.parse(json) as readonly Named[];
  const lines = policies.map(
    ({ kind = '', namespace = '', name = '' }) => `${kind} ${namespace}/${name}`,
  );
  return joined(lines);
}

function joined(lines: readonly string[]): string {
  return [...new Set(lines)].sort().join('\n');
}

/** The same by numbers of texts, made once for each. */
export class DenyingPolicies {
  private readonly flows: FlowTable;
  private readonly texts: Texts;
  private readonly lines = new Map<number, number>();

  constructor(flows: FlowTable) {
    this.flows = flows;
    this.texts = flows.texts;
  }

  /** Of a row: those of the direction it was decided in, of either where it does not say. */
  of(row: number): number {
    const { traffic_direction, ingress_denied_by, egress_denied_by } = this.flows.columns;
    const direction = traffic_direction[row] ?? 0;
    const ingress = direction === EGRESS ? 0 : (ingress_denied_by[row] ?? 0);
    const egress = direction === INGRESS ? 0 : (egress_denied_by[row] ?? 0);
    if (ingress === 0 && egress === 0) return 0;
    return this.union(this.linesOf(ingress), this.linesOf(egress));
  }

  /** All of either. */
  union(some: number, others: number): number {
    if (others === 0 || some === others) return some;
    if (some === 0) return others;
    const { texts } = this;
    const lines = `${texts.text(some)}\n${texts.text(others)}`.split('\n');
    return texts.addText(joined(lines));
  }

  /** Texts have new numbers. */
  clear(): void {
    this.lines.clear();
  }

  private linesOf(json: number): number {
    if (json === 0) return 0;
    const known = this.lines.get(json);
    if (known !== undefined) return known;
    const lines = this.texts.addText(policyLines(this.texts.text(json)));
    this.lines.set(json, lines);
    return lines;
  }
}
