// Records the uuid of every flow a simulation emitted, and of those that a ring overwrote before any client read them:
// 17 bytes a flow, in memory up to a limit or in a file.
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { inputError } from '../runtime/errors.ts';

const RECORD_BYTES = 17;
const BLOCK_RECORDS = 4096;

export type LedgerKind = 'sent' | 'overwritten' | 'odd';
const KINDS: readonly LedgerKind[] = ['sent', 'overwritten', 'odd'];

export interface LedgerOptions {
  /** Records are appended here; without a file they stay in memory. */
  readonly file?: string | undefined;
  /** Records kept in memory at most; more is an error of the simulation, never a silent gap. */
  readonly limit: number;
}

/** Records of 17 bytes: what happened (0 sent, 1 overwritten unread, 2 sent odd on purpose) and the uuid. */
export class Ledger {
  /** Flows emitted, odd ones included. */
  sent = 0;
  /** Flows a ring overwrote before any client read them. */
  overwritten = 0;
  private readonly options: LedgerOptions;
  private readonly blocks: Buffer[] = [];
  private block = Buffer.allocUnsafe(RECORD_BYTES * BLOCK_RECORDS);
  private used = 0;
  private file: number | undefined;

  constructor(options: LedgerOptions) {
    this.options = options;
  }

  /** Notes the uuid whose 36 characters start at `at`. */
  note(kind: LedgerKind, text: Buffer, at: number): void {
    const { block } = this;
    let to = this.used;
    block[to++] = KINDS.indexOf(kind);
    let from = at;
    for (let i = 0; i < 16; i++) {
      if (i === 4 || i === 6 || i === 8 || i === 10) from++;
      block[to++] = ((HEX[text[from] ?? 0] ?? 0) << 4) | (HEX[text[from + 1] ?? 0] ?? 0);
      from += 2;
    }
    this.used = to;
    if (kind === 'overwritten') this.overwritten++;
    else this.sent++;
    if (to === block.length) this.nextBlock();
  }

  /** The uuids of one kind, in the order they were noted; `sent` includes the odd ones. Memory ledgers only. */
  uuids(kind: LedgerKind): string[] {
    const { file } = this.options;
    if (file !== undefined) {
      this.flush();
      return readLedger(file)[kind];
    }
    return collect(Buffer.concat([...this.blocks, this.block.subarray(0, this.used)]))[kind];
  }

  /** Writes what a ledger file still lacks. */
  flush(): void {
    if (this.options.file === undefined || this.used === 0) return;
    this.file ??= openSync(this.options.file, 'a');
    writeSync(this.file, this.block, 0, this.used);
    this.used = 0;
  }

  close(): void {
    this.flush();
    if (this.file !== undefined) closeSync(this.file);
    this.file = undefined;
  }

  private nextBlock(): void {
    if (this.options.file !== undefined) {
      this.flush();
      return;
    }
    if ((this.blocks.length + 1) * BLOCK_RECORDS > this.options.limit) {
      throw inputError(
        `the ledger in memory reached its limit of ${this.options.limit} flows; give a ledger file or a larger limit`,
      );
    }
    this.blocks.push(this.block);
    this.block = Buffer.allocUnsafe(RECORD_BYTES * BLOCK_RECORDS);
    this.used = 0;
  }
}

/** Reads a ledger file. A record cut short at the end (the process was killed) is left out. */
export function readLedger(file: string): Record<LedgerKind, string[]> {
  return collect(readFileSync(file));
}

function collect(bytes: Buffer): Record<LedgerKind, string[]> {
  const found: Record<LedgerKind, string[]> = { sent: [], overwritten: [], odd: [] };
  for (let at = 0; at + RECORD_BYTES <= bytes.length; at += RECORD_BYTES) {
    const kind = KINDS[bytes[at] ?? 0];
    const hex = bytes.toString('hex', at + 1, at + RECORD_BYTES);
    const uuid = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
    if (!kind) continue;
    found[kind].push(uuid);
    if (kind === 'odd') found.sent.push(uuid);
  }
  return found;
}

const HEX = new Uint8Array(256);
for (let digit = 0; digit < 16; digit++) {
  const character = digit.toString(16);
  HEX[character.charCodeAt(0)] = digit;
  HEX[character.toUpperCase().charCodeAt(0)] = digit;
}
