// A row of the SELECT list of `restoreSelect`, by column name. Values that are the column's default are undefined, as
// fields that are not on the wire are.
import { fromJson } from '../../../hubble/json/json.ts';
import { decode } from '../../../hubble/proto/codec.ts';
import type { Workload } from '../../../hubble/proto/schema.gen.ts';
import type { MessageType } from '../../../hubble/proto/schema.ts';
import type { Timestamp } from '../../../hubble/proto/wellknown.ts';
import { SECOND_NS } from '../../../runtime/time.ts';
import { type FlowColumnName, PRESENCE } from '../../../store/schema/columns.ts';
import { present } from './present.ts';
import { RESTORE_COLUMNS } from './select.ts';

const INDEX: ReadonlyMap<FlowColumnName, number> = new Map(
  RESTORE_COLUMNS.map(({ name }, index) => [name, index]),
);

export class FlowRow {
  private readonly values: readonly unknown[];
  private readonly presence: number;

  /** `values` from position `from` on are those of RESTORE_COLUMNS. */
  constructor(values: readonly unknown[], from = 0) {
    this.values = from === 0 ? values : values.slice(from);
    // All bits in use are below 32.
    this.presence = Number(this.get('presence'));
  }

  /** Whether the message or field was there, even when all of it was default. */
  has(part: keyof typeof PRESENCE): boolean {
    return (this.presence & (1 << PRESENCE[part])) !== 0;
  }

  text(name: FlowColumnName): string | undefined {
    return String(this.get(name)) || undefined;
  }

  number(name: FlowColumnName): number | undefined {
    return Number(this.get(name)) || undefined;
  }

  bigint(name: FlowColumnName): bigint | undefined {
    return BigInt(String(this.get(name))) || undefined;
  }

  flag(name: FlowColumnName): true | undefined {
    return Number(this.get(name)) === 0 ? undefined : true;
  }

  lines(name: FlowColumnName): string[] | undefined {
    return this.text(name)?.split('\n');
  }

  /** Of a list of `Kind/name`. */
  workloads(name: FlowColumnName): Workload[] | undefined {
    return this.lines(name)?.map((text) => {
      const slash = text.indexOf('/');
      return present({
        name: text.slice(slash + 1) || undefined,
        kind: text.slice(0, slash) || undefined,
      });
    });
  }

  /** 0 is absent, 1 false, 2 true. */
  wrappedBool(name: FlowColumnName): boolean | undefined {
    const value = this.number(name);
    return value === undefined ? undefined : value === 2;
  }

  /** A message of bools, field n of which is bit n - 1. */
  bits<T extends object>(name: FlowColumnName, type: MessageType<T>): T {
    const bits = this.number(name) ?? 0;
    const message = type.create();
    // Its fields are bools, so any of them may be set.
    const flags = message as Record<string, boolean>;
    for (const field of type.fields) if (bits & (1 << (field.number - 1))) flags[field.name] = true;
    return message;
  }

  /** Of nanoseconds since 1970, and a difference to be added to them. */
  timestamp(name: FlowColumnName, difference?: FlowColumnName): Timestamp {
    const of = (column: FlowColumnName) => this.bigint(column) ?? 0n;
    const nanoseconds = of(name) + (difference === undefined ? 0n : of(difference));
    const rest = ((nanoseconds % SECOND_NS) + SECOND_NS) % SECOND_NS;
    return { seconds: (nanoseconds - rest) / SECOND_NS, nanos: Number(rest) };
  }

  /** Of its bytes. */
  message<T extends object>(type: MessageType<T>, name: FlowColumnName): T {
    return decode(type, this.bytes(name));
  }

  jsonMessage<T extends object>(type: MessageType<T>, name: FlowColumnName): T {
    return fromJson(type, this.json(name) ?? {});
  }

  messages<T extends object>(type: MessageType<T>, name: FlowColumnName): T[] | undefined {
    const json = this.json(name);
    return Array.isArray(json) ? json.map((each) => fromJson(type, each)) : undefined;
  }

  bytes(name: FlowColumnName): Buffer {
    return Buffer.from(String(this.get(name)), 'base64');
  }

  private json(name: FlowColumnName): unknown {
    const text = this.text(name);
    return text === undefined ? undefined : JSON.parse(text);
  }

  private get(name: FlowColumnName): unknown {
    return this.values[INDEX.get(name) ?? -1];
  }
}
