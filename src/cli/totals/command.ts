// The parts of a command about totals: top, map, timeseries, compare, policies and observe --aggregate-by. Their flags
// are observe's and some of their own, by the same rules.
import type { Command } from 'commander';
import type { ArgumentHelp } from '../help/page.ts';
import type { Flag } from '../observe/args.ts';
import type { FlagValues } from '../observe/flag-values.ts';
import type { Table } from '../output/table.ts';
import { addPassthroughCommand } from '../passthrough-command.ts';

export type Fields = Readonly<Record<string, unknown>>;

export interface TotalsCommand<D extends object> {
  readonly name: string;
  /** After the command's name, such as `[dimension…] [flags]`. */
  readonly words: string;
  readonly about: string;
  readonly args?: readonly ArgumentHelp[];
  readonly flags: (values: FlagValues) => readonly Flag[];
  /** The command's own part of the request. Throws `input/invalid`. */
  readonly fields: (values: FlagValues, words: readonly string[]) => Fields;
  readonly path: string;
  /** A member that the answer has. */
  readonly member: keyof D & string;
  readonly table: (document: D) => Table;
  /** Where CSV has other rows than the table. */
  readonly csv?: (document: D) => Table;
  /** Sentences below the table. */
  readonly summary: (document: D) => string;
  /** A line of JSON each. */
  readonly lines: (document: D) => readonly object[];
}

export function addTotalsCommand<D extends object>(
  program: Command,
  {
    name,
    load,
  }: {
    readonly name: string;
    readonly load: () => Promise<TotalsCommand<D>>;
  },
): void {
  addPassthroughCommand(program, {
    name,
    page: async () => (await import('./options.ts')).totalsPage(await load()),
    run: async (args) => runHere(await load(), args),
  });
}

/** Runs a command in this process and returns the exit code. */
export async function runHere<D extends object>(
  command: TotalsCommand<D>,
  args: readonly string[],
): Promise<number> {
  const [{ runTotals }, { processIo }] = await Promise.all([
    import('./run.ts'),
    import('../call.ts'),
  ]);
  return runTotals(command, args, processIo());
}
