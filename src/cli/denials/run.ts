// One call of `parallax denials`. Knows nothing of the process, so that tests can run it as it is.
import { timeFormat } from '../../hubble/print/time.ts';
import { parseTimestamp } from '../../hubble/proto/timestamp.ts';
import type { IncidentsDocument } from '../../query/denials/ask.ts';
import { denialCondition } from '../../query/denials/filter.ts';
import { type CallIo, exitOf } from '../call.ts';
import { describeFlags } from '../observe/args.ts';
import { FlagValues } from '../observe/flag-values.ts';
import { askIncidents, askRows, type Covered } from './ask.ts';
import { type DenialOptions, denialFlags, MAX_LIMIT, readDenialOptions } from './options.ts';
import { denialsText, incidentsText } from './print.ts';
import { type Change, type WatchDeps, watchIncidents } from './watch.ts';
import { wantedBy } from './where.ts';

export interface DenialsIo extends CallIo {
  /** How a watch goes on; the usual without it. */
  readonly watch?: Partial<Pick<WatchDeps, 'pollMs' | 'retryMs'>>;
}

const POLL_MS = 2000;
const RETRY_MS = { first: 500, last: 15_000 };

/** Runs the call and returns the exit code. */
export function runDenials(args: readonly string[], io: DenialsIo): Promise<number> {
  return exitOf(io, async () => {
    const now = () => BigInt(io.nowMs()) * 1_000_000n;
    const { env, readConfig } = io;
    const options = await readDenialOptions(args, { env, nowNanos: now(), readConfig });
    if (options === 'help') {
      await io.out(HELP);
      return;
    }
    // A filter that cannot be understood is refused before anything is opened.
    denialCondition(options);
    if (options.watch) await watch(options, now, io);
    else await list(options, now, io);
  });
}

async function list(options: DenialOptions, now: () => bigint, io: DenialsIo): Promise<void> {
  const { signal } = io;
  if (options.rows) {
    const answer = await askRows(options, now, signal);
    await io.out(denialsText(answer.denials, options));
    tell(options, io, answer, answer.denials.length);
    return;
  }
  const { where, limit } = options;
  if (where.size === 0) {
    const answer = await askIncidents(options, now, signal);
    await io.out(incidentsText(answer.incidents, options));
    tell(options, io, answer, answer.incidents.length);
    return;
  }
  const answer = await askIncidents({ ...options, limit: MAX_LIMIT }, now, signal);
  const wanted = answer.incidents.filter(wantedBy(where));
  await io.out(incidentsText(wanted.slice(0, limit), options));
  const far = `only ${answer.incidents.length} incidents were looked at; ask for a shorter time`;
  const { next: _, ...rest } = answer;
  const notices = [...rest.notices, ...(answer.next === undefined ? [] : [far])];
  const more = wanted.length > limit && { next: 'behind them' };
  tell(options, io, { ...rest, notices, ...more }, wanted.length);
}

/** What the answer does not show. */
function tell(
  { silentErrors, limit, rows }: DenialOptions,
  io: DenialsIo,
  { notices, next, coverage }: Covered<Pick<IncidentsDocument, 'notices' | 'next'>>,
  count: number,
): void {
  if (silentErrors) return;
  for (const notice of notices) io.err(`${notice}\n`);
  // An empty answer has said it.
  if (count > 0 && coverage?.collected && !coverage.complete) io.err(`${coverage.text}\n`);
  if (next !== undefined)
    io.err(`there are more ${rows ? 'denials' : 'incidents'} than these ${limit}; see --last\n`);
}

async function watch(options: DenialOptions, now: () => bigint, io: DenialsIo): Promise<void> {
  const say = (message: string) => {
    if (!options.silentErrors) io.err(`${message}\n`);
  };
  const usual = { pollMs: POLL_MS, retryMs: RETRY_MS };
  const deps = { ...usual, ...io.watch, now, say, signal: io.signal };
  for await (const change of watchIncidents(options, deps))
    await io.out(changeText(change, options));
}

function changeText(
  { event, incident }: Change,
  { output, timeFormat: named }: DenialOptions,
): string {
  if (output !== 'table' && output !== 'wide') return `${JSON.stringify({ event, incident })}\n`;
  const format = timeFormat(named);
  const { lastSeen, id, text, count } = incident;
  // Names come from flows: none may end the line.
  const line = text.replace(/[\t\n\v\f\r]/g, ' ');
  return `${format(parseTimestamp(lastSeen))}: ${event.toUpperCase().padEnd(8)} ${id} x${count} ${line}\n`;
}

const HELP = `Usage: parallax denials [flags]

Shows who was denied what, where and by which policy: incidents, each of them all denials of the same
traffic. Of the last 24 hours without --since, the latest first. What audit mode let pass is a stream
of its own: --audit shows it in place of what was denied, --with-audit beside it. An incident is
resolved when it was not seen for ten minutes in which its cluster was collected, and stale when
nobody looked. --rows shows single denials, --watch what happens from now on. --where takes the
conditions that webhooks and the feed of incidents take: all names must hold, of one name any value.

Asks the server named by --server or PARALLAX_SERVER, else the one that has the data directory
open, else reads the directory itself.

Flags, those of filters as of parallax observe:
${describeFlags(denialFlags(new FlagValues()))}`;
