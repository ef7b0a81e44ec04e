// One call of a command that reports on flows with observe's flags: `parallax connections` and `parallax services`.
// Knows nothing of the process, so that tests can run it as it is.

import { rawFilters } from '../../hubble/filter/json.ts';
import { compilePredicate } from '../../hubble/filter/predicate.ts';
import { inputError } from '../../runtime/errors.ts';
import { msToNs } from '../../runtime/time.ts';
import { type CallIo, callScreen, exitOf } from '../call.ts';
import { describeFlags, type Flag, parseArgs } from '../observe/args.ts';
import { FlagValues } from '../observe/flag-values.ts';
import { observeFlags } from '../observe/flags.ts';
import { type ObserveOptions, optionsOf } from '../observe/options.ts';
import { outputFlag, outputOf } from '../output/flag.ts';
import { render } from '../output/render.ts';
import type { Table } from '../output/table.ts';

export interface ReportAnswer<T> {
  /** A line of JSON each. */
  readonly items: readonly T[];
  readonly notices: readonly string[];
}

export interface Report<T> {
  readonly name: string;
  readonly usage: string;
  readonly table: (items: readonly T[], options: ObserveOptions) => Table;
  /** Takes `--input-file`. */
  readonly files: boolean;
  /** What the options mean before anything is asked. */
  readonly prepare?: (options: ObserveOptions, nowNanos: bigint) => ObserveOptions;
}

export interface ReportIo<T> extends CallIo {
  readonly ask: (options: ObserveOptions) => Promise<ReportAnswer<T>>;
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
  all: 'All that are stored',
  last: 'The N latest (20 when nothing else limits them)',
  first: 'The N earliest',
};

function flagsOf({ files }: Pick<Report<unknown>, 'files'>, values: FlagValues): readonly Flag[] {
  const shared = observeFlags(values)
    .filter(({ name }) => !NOT_HERE.has(name))
    .map((flag) => ({ ...flag, help: OWN_WORDS[flag.name] ?? flag.help }))
    .map((flag) => (flag.name !== 'input-file' || files ? flag : { ...flag, hidden: true }))
    .map((flag) => (HIDDEN.has(flag.name) ? { ...flag, hidden: true } : flag));
  return [outputFlag(values), ...shared];
}

/** Runs the call and returns the exit code. */
export function runReport<T>(
  report: Report<T>,
  args: readonly string[],
  io: ReportIo<T>,
): Promise<number> {
  return exitOf(io, async () => {
    const now = msToNs(io.nowMs());
    const { env, readConfig } = io;
    const values = new FlagValues();
    parseArgs(flagsOf(report, values), args);
    if (values.switches.help === true) {
      await io.out(helpText(report));
      return;
    }
    const output = outputOf(values, (line) => io.err(`${line}\n`));
    const read = await optionsOf(values, { env, nowNanos: now, readConfig });
    refuseOthers(report, read);
    if (read.printRawFilters) {
      await io.out(rawFilters(read.whitelist, read.blacklist));
      return;
    }
    const options = report.prepare?.(read, now) ?? read;
    // A filter that cannot be understood is refused before anything is opened.
    compilePredicate(options.whitelist, options.blacklist);
    const { items, notices } = await io.ask(options);
    const answer = {
      document: { [report.name]: items, notices },
      ...{ items, table: report.table(items, options) },
    };
    await io.out(await render(answer, output, callScreen(io, options.color)));
    if (!options.silentErrors) for (const notice of notices) io.err(`${notice}\n`);
  });
}

function refuseOthers(
  { name, files }: Pick<Report<unknown>, 'name' | 'files'>,
  options: ObserveOptions,
): void {
  const { follow, inputFile } = options;
  if (follow) throw inputError(`${name} cannot be followed; ask again for what is new`);
  if (inputFile !== undefined && !files)
    throw inputError(
      `${name} are found in stored flows; read the file with \`parallax import\` first`,
    );
}

function helpText(report: Pick<Report<unknown>, 'name' | 'usage' | 'files'>): string {
  const { name, usage } = report;
  return `Usage: parallax ${name} [flags]

${usage}
Asks the server named by --server or PARALLAX_SERVER, else the one that has the data directory
open, else reads the directory itself.

Flags, as those of parallax observe:
${describeFlags(flagsOf(report, new FlagValues()))}`;
}
