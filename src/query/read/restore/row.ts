// A row of the SELECT list of `restoreSelect`, by column name. Values that are the column's default are undefined, as
// fields that are not on the wire are.
import { type FlowColumnName, PRESENCE } from '../../../store/schema/columns.ts';
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

  json(name: FlowColumnName): unknown {
    const text = this.text(name);
    return text === undefined ? undefined : JSON.parse(text);
  }

  bytes(name: FlowColumnName): Buffer {
    return Buffer.from(String(this.get(name)), 'base64');
  }

  private get(name: FlowColumnName): unknown {
    return this.values[INDEX.get(name) ?? -1];
  }
}
