import type { IncidentsDocument } from '../../query/denials/answers.ts';
import { denialCondition } from '../../query/denials/filter.ts';
import { type CallIo, callScreen, exitOf } from '../call.ts';
import { type ApiClient, withClient } from '../client/client.ts';
import { flagPage, type HelpPage } from '../help/page.ts';
import { helpText } from '../help/text.ts';
import { FlagValues } from '../observe/flag-values.ts';
import { plainLines } from '../output/plain-text.ts';
import { render } from '../output/render.ts';
import { type Covered, queryDenials, queryIncidents } from './answers.ts';
import { type DenialOptions, denialFlags, MAX_LIMIT, readDenialOptions } from './options.ts';
import { changePrinter, denialTable, incidentTable } from './print.ts';
import { type WatchDeps, watchIncidents } from './watch.ts';
import { wantedBy } from './where.ts';

export interface DenialsIo extends CallIo {
  /** Intervals of a watch; the defaults without it. */
  readonly watch?: Partial<Pick<WatchDeps, 'pollMs' | 'retryMs'>>;
}

const POLL_MS = 2000;
const RETRY_MS = { first: 500, last: 15_000 };

/** Runs the call and returns the exit code. */
export function runDenials(args: readonly string[], io: DenialsIo): Promise<number> {
  return exitOf(io, 'denials', async () => {
    const options = await readDenialOptions(args, io);
    if (options === 'help') {
      await io.out(helpText(denialsPage(), io.terminal?.columns));
      return;
    }
    // A filter that cannot be understood is refused before anything is opened.
    denialCondition(options);
    if (options.watch) await watch(options, io);
    else await withClient(options, io, (client) => list(client, options, io));
  });
}

async function list(client: ApiClient, options: DenialOptions, io: DenialsIo): Promise<void> {
  const { output, timeFormat } = options;
  const screen = callScreen(io, options.color);
  if (options.rows) {
    const document = await queryDenials(client, options);
    const { denials: items } = document;
    const table = denialTable(items, timeFormat);
    await io.out(await render({ document, items, table }, output, screen));
    printNotices(options, io, document, items.length, document.next !== undefined);
    return;
  }
  const { document, found, more } = await incidentsOf(client, options);
  const { incidents: items } = document;
  const table = incidentTable(items, timeFormat);
  await io.out(await render({ document, items, table }, output, screen));
  printNotices(options, io, document, found, more);
}

/** Conditions of `--where` are applied here: all incidents of the window are read for them, as far as allowed. */
async function incidentsOf(client: ApiClient, options: DenialOptions) {
  const { where, limit } = options;
  if (where.size === 0) {
    const document = await queryIncidents(client, options);
    return { document, found: document.incidents.length, more: document.next !== undefined };
  }
  const { next, ...answer } = await queryIncidents(client, { ...options, limit: MAX_LIMIT });
  const wanted = answer.incidents.filter(wantedBy(where));
  const cut = `only the first ${answer.incidents.length} incidents were searched; choose a shorter time`;
  const document = {
    ...answer,
    incidents: wanted.slice(0, limit),
    notices: [...answer.notices, ...(next === undefined ? [] : [cut])],
  };
  return { document, found: wanted.length, more: wanted.length > limit };
}

/** Prints what the answer does not show. */
function printNotices(
  { silentErrors, limit, rows }: DenialOptions,
  io: DenialsIo,
  { notices, coverage }: Covered<Pick<IncidentsDocument, 'notices'>>,
  count: number,
  more: boolean,
): void {
  if (silentErrors) return;
  for (const notice of notices) io.err(plainLines(`${notice}\n`));
  // The notices of an empty answer say it already.
  if (count > 0 && coverage?.collected && !coverage.complete) io.err(`${coverage.text}\n`);
  if (more)
    io.err(`there are more ${rows ? 'denials' : 'incidents'} than these ${limit}; see --last\n`);
}

async function watch(options: DenialOptions, io: DenialsIo): Promise<void> {
  const say = (message: string) => {
    if (!options.silentErrors) io.err(`${message}\n`);
  };
  const { nowMs, signal } = io;
  const deps = { pollMs: POLL_MS, retryMs: RETRY_MS, ...io.watch, nowMs, say, signal };
  const print = changePrinter(options, callScreen(io, options.color));
  for await (const change of watchIncidents(options, deps)) await io.out(await print(change));
}

export function denialsPage(): HelpPage {
  return flagPage('denials', '[flags]', ABOUT, denialFlags(new FlagValues()));
}

const ABOUT = `Lists incidents: all denials of the same traffic are one. Without --since it shows the last 24 hours, the latest
first. Traffic that audit mode let pass is left out: --audit shows it alone, --with-audit together with what was denied. An
incident is resolved after ten minutes without denials during which its cluster was collected, and stale when the cluster was
not collected.

--rows lists single denials, --watch prints changes as they happen. --where takes the conditions of webhooks
(docs/alerts.md): all names must match, and of several values of one name any.`;
