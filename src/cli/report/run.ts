// A command that reports on flows with observe's flags: `parallax connections` and `parallax services`.

import { rawFilters } from '../../hubble/filter/json.ts';
import { compilePredicate } from '../../hubble/filter/predicate.ts';
import { inputError } from '../../runtime/errors.ts';
import { msToNs } from '../../runtime/time.ts';
import { type CallIo, callScreen, exitOf } from '../call.ts';
import { type ClientDeps, hasList, withClient } from '../client/client.ts';
import { flagPage, type HelpPage } from '../help/page.ts';
import { helpText } from '../help/text.ts';
import { type Flag, parseArgs } from '../observe/args.ts';
import { FlagValues } from '../observe/flag-values.ts';
import { observeFlags } from '../observe/flags.ts';
import { bodyOf } from '../observe/flows.ts';
import { type ObserveOptions, optionsOf } from '../observe/options.ts';
import { outputFlag, outputOf } from '../output/flag.ts';
import { plainLines } from '../output/plain-text.ts';
import { render } from '../output/render.ts';
import type { Table } from '../output/table.ts';

export interface ReportAnswer<T> {
  /** A line of JSON each. */
  readonly items: readonly T[];
  readonly notices: readonly string[];
}

export interface Report<T> {
  /** The command, and the member of the answer that has the items. */
  readonly name: string;
  readonly about: string;
  /** The route that answers by POST. */
  readonly path: string;
  readonly table: (items: readonly T[], options: ObserveOptions) => Table;
  /** Answers from `--input-file`; absent where only stored flows can be asked. */
  readonly fromFile?: (path: string, options: ObserveOptions) => Promise<ReportAnswer<T>>;
  /** Fills in what a call leaves open. */
  readonly prepare?: (options: ObserveOptions, nowNanos: bigint) => ObserveOptions;
}

/** Flags of observe that mean nothing here. */
const NOT_HERE: ReadonlySet<string> = new Set(['output', 'aggregate-by', 'print-sql']);
/** Accepted as observe accepts them, and left out of the help. */
const HIDDEN: ReadonlySet<string> = new Set([
  'follow',
  'field-mask',
  'use-default-field-masks',
  'print-node-name',
  'print-policy-names',
  'debug',
  'ip-translation',
]);
const OWN_WORDS: Readonly<Record<string, string>> = {
  all: 'Everything stored',
  last: 'The N latest (20 without another limit)',
  first: 'The N earliest',
};

function flagsOf<T>({ fromFile }: Report<T>, values: FlagValues): readonly Flag[] {
  const shared = observeFlags(values)
    .filter(({ name }) => !NOT_HERE.has(name))
    .map((flag) => ({ ...flag, help: OWN_WORDS[flag.name] ?? flag.help }))
    .map((flag) => (flag.name !== 'input-file' || fromFile ? flag : { ...flag, hidden: true }))
    .map((flag) => (HIDDEN.has(flag.name) ? { ...flag, hidden: true } : flag));
  return [outputFlag(values), ...shared];
}

/** Runs the call and returns the exit code. */
export function runReport<T>(
  report: Report<T>,
  args: readonly string[],
  io: CallIo,
): Promise<number> {
  return exitOf(io, report.name, async () => {
    const values = new FlagValues();
    parseArgs(flagsOf(report, values), args, 'suggest');
    if (values.switches.help === true) {
      await io.out(helpText(reportPage(report), io.terminal?.columns));
      return;
    }
    const output = outputOf(values, io.warn);
    const read = await optionsOf(values, io, 'api');
    refuseOthers(report, read);
    if (read.printRawFilters) {
      await io.out(rawFilters(read.whitelist, read.blacklist));
      return;
    }
    const options = report.prepare?.(read, msToNs(io.nowMs())) ?? read;
    // A filter that cannot be understood is refused before anything is opened.
    compilePredicate(options.whitelist, options.blacklist);
    const { items, notices } = await queryReport(report, options, io);
    const answer = {
      document: { [report.name]: items, notices },
      ...{ items, table: report.table(items, options) },
    };
    await io.out(await render(answer, output, callScreen(io, options.color)));
    if (!options.silentErrors) for (const notice of notices) io.err(plainLines(`${notice}\n`));
  });
}

export async function queryReport<T>(
  { name, path, fromFile }: Report<T>,
  options: ObserveOptions,
  deps: ClientDeps,
): Promise<ReportAnswer<T>> {
  const { inputFile } = options;
  if (inputFile !== undefined && fromFile !== undefined) return fromFile(inputFile, options);
  const answer = await withClient(options, deps, (client) =>
    client.document<{ readonly [name: string]: unknown; readonly notices?: readonly string[] }>(
      path,
      bodyOf(options),
      hasList(name),
    ),
  );
  // `hasList` has checked that it is a list; its items are the server's own type.
  return { items: answer[name] as readonly T[], notices: answer.notices ?? [] };
}

function refuseOthers<T>(
  { name, fromFile }: Report<T>,
  { follow, inputFile }: ObserveOptions,
): void {
  if (follow) throw inputError(`${name} cannot be followed; ask again for what is new`);
  if (inputFile !== undefined && fromFile === undefined)
    throw inputError(
      `${name} are found in stored flows; read the file with \`parallax import\` first`,
    );
}

export function reportPage<T>(report: Report<T>): HelpPage {
  return flagPage(report.name, '[flags]', report.about, flagsOf(report, new FlagValues()));
}
