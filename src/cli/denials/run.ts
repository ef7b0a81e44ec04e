// One call of `parallax denials`. Knows nothing of the process, so that tests can run it as it is.

import type { IncidentsDocument } from '../../query/denials/ask.ts';
import { denialCondition } from '../../query/denials/filter.ts';
import { msToNs } from '../../runtime/time.ts';
import { type CallIo, callScreen, exitOf } from '../call.ts';
import { describeFlags } from '../observe/args.ts';
import { FlagValues } from '../observe/flag-values.ts';
import { render } from '../output/render.ts';
import { askIncidents, askRows, type Covered } from './ask.ts';
import { type DenialOptions, denialFlags, MAX_LIMIT, readDenialOptions } from './options.ts';
import { changePrinter, denialTable, incidentTable } from './print.ts';
import { type WatchDeps, watchIncidents } from './watch.ts';
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
    const now = () => msToNs(io.nowMs());
    const { env, readConfig } = io;
    const options = await readDenialOptions(args, {
      ...{ env, nowNanos: now(), readConfig },
      warn: (line) => io.err(`${line}\n`),
    });
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
  const { output, timeFormat } = options;
  const screen = callScreen(io, options.color);
  if (options.rows) {
    const document = await askRows(options, now, io.signal);
    const { denials: items } = document;
    const table = denialTable(items, timeFormat);
    await io.out(await render({ document, items, table }, output, screen));
    tell(options, io, document, items.length, document.next !== undefined);
    return;
  }
  const { document, found, more } = await incidentsOf(options, now, io.signal);
  const { incidents: items } = document;
  const table = incidentTable(items, timeFormat);
  await io.out(await render({ document, items, table }, output, screen));
  tell(options, io, document, found, more);
}

/** Conditions of `--where` are applied here: all incidents of the window are read for them, as far as allowed. */
async function incidentsOf(options: DenialOptions, now: () => bigint, signal: AbortSignal) {
  const { where, limit } = options;
  if (where.size === 0) {
    const document = await askIncidents(options, now, signal);
    return { document, found: document.incidents.length, more: document.next !== undefined };
  }
  const { next, ...answer } = await askIncidents({ ...options, limit: MAX_LIMIT }, now, signal);
  const wanted = answer.incidents.filter(wantedBy(where));
  const cut = `only the first ${answer.incidents.length} incidents were searched; choose a shorter time`;
  const document = {
    ...answer,
    incidents: wanted.slice(0, limit),
    notices: [...answer.notices, ...(next === undefined ? [] : [cut])],
  };
  return { document, found: wanted.length, more: wanted.length > limit };
}

/** What the answer does not show. */
function tell(
  { silentErrors, limit, rows }: DenialOptions,
  io: DenialsIo,
  { notices, coverage }: Covered<Pick<IncidentsDocument, 'notices'>>,
  count: number,
  more: boolean,
): void {
  if (silentErrors) return;
  for (const notice of notices) io.err(`${notice}\n`);
  // An empty answer has said it.
  if (count > 0 && coverage?.collected && !coverage.complete) io.err(`${coverage.text}\n`);
  if (more)
    io.err(`there are more ${rows ? 'denials' : 'incidents'} than these ${limit}; see --last\n`);
}

async function watch(options: DenialOptions, now: () => bigint, io: DenialsIo): Promise<void> {
  const say = (message: string) => {
    if (!options.silentErrors) io.err(`${message}\n`);
  };
  const usual = { pollMs: POLL_MS, retryMs: RETRY_MS };
  const deps = { ...usual, ...io.watch, now, say, signal: io.signal };
  const print = changePrinter(options, callScreen(io, options.color));
  for await (const change of watchIncidents(options, deps)) await io.out(await print(change));
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
