// Opens a data directory after everything has stopped, in a process of its own (the engine has one directory a
// process), and holds it against the ledgers.
import { execFile } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Comparison, compare, readTruth, uuidText } from './truth.ts';

const DUMP = fileURLToPath(new URL('dump-store.mjs', import.meta.url));
const SHOWN = 3;

export interface Verification extends Comparison {
  /** Sum of num_events_lost in `events`. */
  readonly lost: number;
  /** Rows of `events` that are LostEvents. */
  readonly lostEvents: number;
  /** Rows of `events`. */
  readonly events: number;
  /** Rows of `events` beyond the first of a uuid. */
  readonly doubledEvents: number;
  readonly parts: number;
  readonly derived: Derived;
}

/** What is stored beside the flows of them. */
interface Derived {
  /** Flows by the totals. */
  readonly counted: number;
  /** Flows that a policy denied, by the flows themselves, by denials, by incidents. */
  readonly denied: number;
  readonly denials: number;
  readonly incidents: number;
  /** Denials without their flow, and slots that do not add up. */
  readonly strange: number;
}

interface Dumped {
  readonly rows: number;
  readonly doubled: number;
  readonly events: readonly [string, number, number, number][];
  readonly parts: number;
  readonly derived: Derived;
}

let dumps = 0;

export async function verify(dataDir: string, ledgers: readonly string[]): Promise<Verification> {
  const target = join(tmpdir(), `parallax-dump-${process.pid}-${dumps++}.bin`);
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [DUMP, dataDir, target]);
    const told = JSON.parse(stdout) as Dumped; // printed by the script beside this file
    const found = compare(readTruth(ledgers), await readFile(target));
    if (found.stored !== told.rows || found.doubled.length > 0 !== told.doubled > 0) {
      throw new Error(`the dump (${found.stored} rows) and the engine (${stdout}) do not agree`);
    }
    const lost = told.events.find(([kind]) => kind === 'lost_events');
    return {
      ...found,
      lost: lost?.[3] ?? 0,
      lostEvents: lost?.[1] ?? 0,
      events: told.events.reduce((sum, [, rows]) => sum + rows, 0),
      doubledEvents: told.events.reduce((sum, [, rows, uuids]) => sum + rows - uuids, 0),
      parts: told.parts,
      derived: told.derived,
    };
  } finally {
    await rm(target, { force: true });
  }
}

/** All that is wrong, in words; empty when the promise held. */
export function complaint(found: Verification): string {
  const some = (what: string, uuids: readonly string[]) =>
    uuids.length === 0
      ? []
      : [`${uuids.length} ${what} (${uuids.slice(0, SHOWN).map(uuidText).join(', ')} …)`];
  const { counted, denied, denials, incidents, strange } = found.derived;
  const wrongly = (what: string, count: number, right: number) =>
    count === right ? [] : [`${count} ${what} instead of ${right}`];
  return [
    ...wrongly('flows counted', counted, found.stored),
    ...wrongly('denied flows in denials', denials, denied),
    ...wrongly('denied flows in incidents', incidents, denied),
    ...wrongly('denials or slots out of line', strange, 0),
    ...some('missing', found.missing),
    ...some('doubled', found.doubled),
    ...some('foreign', found.foreign),
    ...(found.revived > 0 ? [`${found.revived} stored that the relay says were forgotten`] : []),
    ...(found.doubledEvents > 0 ? [`${found.doubledEvents} events doubled`] : []),
  ].join('; ');
}
