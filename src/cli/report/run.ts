// One call of a command that reports on flows with observe's flags: `parallax connections` and `parallax services`.
// Knows nothing of the process, so that tests can run it as it is.
import { rawFilters } from '../../hubble/filter/json.ts';
import { compilePredicate } from '../../hubble/filter/predicate.ts';
import { ParallaxError } from '../../runtime/errors.ts';
import { type CallIo, exitOf } from '../call.ts';
import { describeFlags } from '../observe/args.ts';
import { helpFlags } from '../observe/flags.ts';
import { type ObserveOptions, readOptions } from '../observe/options.ts';

export interface ReportAnswer<T> {
  /** A line of JSON each. */
  readonly items: readonly T[];
  readonly notices: readonly string[];
}

export interface Report<T> {
  readonly name: string;
  readonly usage: string;
  readonly table: (items: readonly T[], options: ObserveOptions) => string;
  /** Takes `--input-file`. */
  readonly files: boolean;
  /** What the options mean before anything is asked. */
  readonly prepare?: (options: ObserveOptions, nowNanos: bigint) => ObserveOptions;
}

export interface ReportIo<T> extends CallIo {
  readonly ask: (options: ObserveOptions) => Promise<ReportAnswer<T>>;
}

/** Flags of observe that say how flows are printed, or ask for more than a report is. */
const NOT_HERE: ReadonlySet<string> = new Set([
  'follow',
  'field-mask',
  'use-default-field-masks',
  'print-node-name',
  'print-policy-names',
  'color',
  'debug',
  'ip-translation',
]);

/** Runs the call and returns the exit code. */
export function runReport<T>(
  report: Report<T>,
  args: readonly string[],
  io: ReportIo<T>,
): Promise<number> {
  return exitOf(io, async () => {
    const now = BigInt(io.nowMs()) * 1_000_000n;
    const { env, readConfig } = io;
    const read = await readOptions(args, { env, nowNanos: now, readConfig });
    if (read === 'help') {
      await io.out(helpText(report));
      return;
    }
    refuseOthers(report, read);
    if (read.printRawFilters) {
      await io.out(rawFilters(read.whitelist, read.blacklist));
      return;
    }
    const options = report.prepare?.(read, now) ?? read;
    // A filter that cannot be understood is refused before anything is opened.
    compilePredicate(options.whitelist, options.blacklist);
    const { items, notices } = await io.ask(options);
    const json = () => items.map((item) => `${JSON.stringify(item)}\n`).join('');
    await io.out(isJson(options) ? json() : items.length === 0 ? '' : report.table(items, options));
    if (!options.silentErrors) for (const notice of notices) io.err(`${notice}\n`);
  });
}

function isJson({ printer }: ObserveOptions): boolean {
  return printer.output === 'json' || printer.output === 'jsonpb';
}

function refuseOthers(
  { name, files }: Pick<Report<unknown>, 'name' | 'files'>,
  options: ObserveOptions,
): void {
  const { follow, inputFile, printer } = options;
  if (follow)
    throw new ParallaxError(
      'input/invalid',
      `${name} cannot be followed; ask again for what is new`,
    );
  if (inputFile !== undefined && !files)
    throw new ParallaxError(
      'input/invalid',
      `${name} are found in stored flows; read the file with \`parallax import\` first`,
    );
  if (printer.output === 'dict')
    throw new ParallaxError(
      'input/invalid',
      `invalid output format: dict; ${name} come as table or json`,
    );
}

function helpText({
  name,
  usage,
  files,
}: Pick<Report<unknown>, 'name' | 'usage' | 'files'>): string {
  const flags = helpFlags()
    .filter(({ name: flag }) => !NOT_HERE.has(flag) && (files || flag !== 'input-file'))
    .map((flag) =>
      flag.name === 'output' ? { ...flag, help: 'table (the default) or json' } : flag,
    );
  return `Usage: parallax ${name} [flags]

${usage}
Asks the server named by --server or PARALLAX_SERVER, else the one that has the data directory
open, else reads the directory itself.

Flags, as those of parallax observe:
${describeFlags(flags)}`;
}
