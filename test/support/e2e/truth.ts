// What the simulated relays sent, from their ledger files, and what the store has, from a dump of it: compared uuid by
// uuid. Nothing of the program under test takes part.
import { readFileSync } from 'node:fs';

const LEDGER_RECORD = 17;
const UUID_BYTES = 16;

/** Uuids as 16 characters of one byte each: the smallest thing a Set of Node takes. */
export interface Truth {
  readonly sent: Set<string>;
  /** Overwritten in a ring before any client was handed them. */
  readonly overwritten: Set<string>;
  /** Sent malformed on purpose: may be stored, may be refused. */
  readonly odd: Set<string>;
}

/** Reads ledgers: records of a kind (0 sent, 1 overwritten unread, 2 odd) and 16 bytes of uuid. */
export function readTruth(files: readonly string[]): Truth {
  const truth: Truth = { sent: new Set(), overwritten: new Set(), odd: new Set() };
  for (const file of files) {
    const bytes = readFileSync(file);
    for (let at = 0; at + LEDGER_RECORD <= bytes.length; at += LEDGER_RECORD) {
      const uuid = bytes.toString('latin1', at + 1, at + LEDGER_RECORD);
      if (bytes[at] === 0) truth.sent.add(uuid);
      else if (bytes[at] === 1) truth.overwritten.add(uuid);
      else truth.odd.add(uuid);
    }
  }
  return truth;
}

export interface Comparison {
  readonly sent: number;
  /** Rows of the table. */
  readonly stored: number;
  /** Sent, and neither stored nor overwritten unread. */
  readonly missing: readonly string[];
  /** Stored more than once. */
  readonly doubled: readonly string[];
  /** Stored and never sent. */
  readonly foreign: readonly string[];
  /** Overwritten unread, and indeed not stored. */
  readonly forgotten: number;
  /** Overwritten unread according to the relay, and stored all the same: the relay's ledger would be wrong. */
  readonly revived: number;
}

/** `dump` holds 16 bytes a row, as ClickHouse writes a UUID: two halves, each little-endian. */
export function compare(truth: Truth, dump: Buffer): Comparison {
  const seen = new Set<string>();
  const doubled: string[] = [];
  const foreign: string[] = [];
  const turned = Buffer.from(dump);
  turned.swap64();
  let revived = 0;
  for (let at = 0; at + UUID_BYTES <= turned.length; at += UUID_BYTES) {
    const uuid = turned.toString('latin1', at, at + UUID_BYTES);
    if (seen.has(uuid)) doubled.push(uuid);
    seen.add(uuid);
    if (truth.overwritten.has(uuid)) revived++;
    if (!truth.sent.has(uuid) && !truth.odd.has(uuid)) foreign.push(uuid);
  }
  const missing: string[] = [];
  let forgotten = 0;
  for (const uuid of truth.sent) {
    if (seen.has(uuid)) continue;
    if (truth.overwritten.has(uuid)) forgotten++;
    else missing.push(uuid);
  }
  const stored = dump.length / UUID_BYTES;
  return { sent: truth.sent.size, stored, missing, doubled, foreign, forgotten, revived };
}

/** The uuid in its usual form. */
export function uuidText(uuid: string): string {
  const hex = Buffer.from(uuid, 'latin1').toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
