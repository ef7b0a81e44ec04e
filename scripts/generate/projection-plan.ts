// What each field of a Flow becomes: the plan that both generated files follow.
import { Flow } from '../../src/hubble/proto/schema.gen.ts';
import type { Field, MessageType } from '../../src/hubble/proto/schema.ts';
import type { Column } from '../../src/store/schema/column.ts';
import {
  FLOW_COLUMNS,
  type FlowColumnName,
  MESSAGE_GROUPS,
  PRESENCE,
} from '../../src/store/schema/columns.ts';

type FlowColumn = Column & { readonly name: FlowColumnName };

/** How a field is kept. `by hand` fields have their code in the generators. */
export type Plan =
  | { readonly kind: 'by hand' }
  /** Number, text or list of texts in a column of its own. */
  | { readonly kind: 'scalar'; readonly column: FlowColumn; readonly bool: boolean }
  /** google.protobuf.BoolValue in a byte: 0 absent, 1 false, 2 true. */
  | { readonly kind: 'wrapped bool'; readonly column: FlowColumn }
  /** A message of bools as the bits of a number: field n is bit n - 1. */
  | { readonly kind: 'bits'; readonly column: FlowColumn; readonly type: MessageType }
  /** The message's own bytes. */
  | { readonly kind: 'bytes'; readonly column: FlowColumn; readonly type: MessageType }
  /** The message, or a list of them, as JSON. */
  | { readonly kind: 'json'; readonly column: FlowColumn; readonly type: MessageType }
  /** Looked up whole in the MessageTable of its type; its columns are filled when the block is made. */
  | { readonly kind: 'group'; readonly group: string; readonly type: MessageType }
  /** A message whose fields have columns of their own. */
  | { readonly kind: 'message'; readonly type: MessageType; readonly member?: Member };

/** Where the number of a oneof's member is kept. */
interface Member {
  readonly column: FlowColumn;
  readonly number: number;
}

export interface PlannedField {
  readonly field: Field;
  readonly path: string;
  readonly plan: Plan;
}

/**
 * The first three are kept as spans of the batch's bytes until the flow is read to its end (finish.ts); a workload
 * becomes one text.
 */
const BY_HAND: ReadonlySet<string> = new Set([
  'flow.time',
  'flow.uuid',
  'flow.node_name',
  'flow.source.workloads',
  'flow.destination.workloads',
]);

/** The fields of the message at a path that have columns; all others make the row keep the response's bytes. */
export function planOf(type: MessageType, path: string): readonly PlannedField[] {
  return type.fields.flatMap((field) => {
    const at = `${path}.${field.name}`;
    const plan = planField(field, at, memberOf(type, path, field));
    return plan === undefined ? [] : [{ field, path: at, plan }];
  });
}

export const FLOW_PLAN = planOf(Flow, 'flow');

/** The bit of `presence` of the message at a path, which members of a oneof do without. */
export function presenceBit(path: string): number | undefined {
  return Object.entries(PRESENCE).find(([name]) => name === path)?.[1];
}

function planField(field: Field, path: string, member: Member | undefined): Plan | undefined {
  if (BY_HAND.has(path)) return { kind: 'by hand' };
  const column = columnAt(path);
  if (field.kind === 'wrapper') return column && { kind: 'wrapped bool', column };
  if (field.kind !== 'message') {
    const bool = field.kind === 'scalar' && field.scalar === 'bool';
    return column && { kind: 'scalar', column, bool };
  }
  const { type } = field;
  const group = MESSAGE_GROUPS.find((name) => `flow.${name}` === path);
  if (group !== undefined) return { kind: 'group', group, type };
  if (column?.encoding === 'json') return { kind: 'json', column, type };
  if (column?.encoding === 'string') return { kind: 'bytes', column, type };
  if (column?.encoding === 'u16') return { kind: 'bits', column, type };
  if (planOf(type, path).length === 0) return undefined;
  return { kind: 'message', type, ...(member && { member }) };
}

/** The oneof of a message is numbered in the column that has the message's own path. */
function memberOf(type: MessageType, path: string, { oneof, name }: Field): Member | undefined {
  const column = oneof === undefined ? undefined : columnAt(path);
  if (column === undefined) return undefined;
  const members = type.fields.filter((each) => each.oneof === oneof);
  return { column, number: 1 + members.findIndex((each) => each.name === name) };
}

function columnAt(path: string): FlowColumn | undefined {
  const found: readonly FlowColumn[] = FLOW_COLUMNS.filter(
    (each) => 'path' in each && matches(each.path, path),
  );
  if (found.length > 1) throw new Error(`${path} has columns ${found.map(({ name }) => name)}`);
  return found[0];
}

/** `*` stands for any one name. */
function matches(pattern: string, path: string): boolean {
  const [names, parts] = [pattern.split('.'), path.split('.')];
  return (
    names.length === parts.length && names.every((name, i) => name === '*' || name === parts[i])
  );
}

/** `flow.l4.TCP` → `L4TCP`. */
export function functionName(path: string): string {
  return path
    .split(/[._]/)
    .slice(1)
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join('');
}
