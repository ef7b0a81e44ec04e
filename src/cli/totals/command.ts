// What a command about totals is made of, and its place in the program. Their flags are observe's and a few of their
// own, read by the same rules.
import type { Command } from 'commander';
import type { z } from 'zod';
import type { GetFlowsResponse } from '../../hubble/proto/schema.gen.ts';
import type { AnswerDeps } from '../../query/totals/answers.ts';
import type { Reader } from '../../store/store.ts';
import type { Flag } from '../observe/args.ts';
import type { FlagValues } from '../observe/flag-values.ts';
import type { ObserveOptions } from '../observe/options.ts';
import type { Table } from '../output/table.ts';
import { addPassthroughCommand } from '../passthrough-command.ts';

export type Fields = Readonly<Record<string, unknown>>;

export interface TotalsCommand<D extends object> {
  readonly name: string;
  /** After the command's name, such as `[dimension…] [flags]`. */
  readonly words: string;
  readonly usage: string;
  readonly examples: readonly string[];
  readonly flags: (values: FlagValues) => readonly Flag[];
  /** The command's own part of the request. Throws `input/invalid`. */
  readonly fields: (values: FlagValues, words: readonly string[]) => Fields;
  readonly path: string;
  /** Reads the request and answers it from an open store. */
  readonly answer: () => Promise<(store: Reader, request: Fields, deps: AnswerDeps) => Promise<D>>;
  /** A member that the answer has. */
  readonly member: keyof D & string;
  readonly table: (document: D) => Table;
  /** Where CSV has other rows than the table. */
  readonly csv?: (document: D) => Table;
  /** Sentences below the table. */
  readonly summary: (document: D) => string;
  /** A line of JSON each. */
  readonly lines: (document: D) => readonly object[];
  /** Counts the flows of `--input-file`; absent where only what is stored can be asked. */
  readonly fromFile?: (
    responses: AsyncIterable<GetFlowsResponse>,
    options: ObserveOptions,
    request: Fields,
  ) => Promise<D>;
}

/** Reads a request as the API does, for an answer from an open store. */
export function asking<I extends z.ZodType, D extends object>(
  load: () => Promise<{
    readonly input: I;
    readonly answer: (store: Reader, input: z.output<I>, deps: AnswerDeps) => Promise<D>;
  }>,
): TotalsCommand<D>['answer'] {
  return async () => {
    const { input, answer } = await load();
    const { schemaError } = await import('../../query/request/fields.ts');
    return async (store, request, deps) => {
      const parsed = input.safeParse(request);
      if (!parsed.success) throw schemaError(parsed.error);
      return answer(store, parsed.data, deps);
    };
  };
}

export function addTotalsCommand<D extends object>(
  program: Command,
  {
    load,
    ...named
  }: {
    readonly name: string;
    readonly summary: string;
    readonly words: string;
    readonly load: () => Promise<TotalsCommand<D>>;
  },
): void {
  addPassthroughCommand(program, { ...named, run: async (args) => runHere(await load(), args) });
}

/** Runs a command in this process and returns the exit code. */
export async function runHere<D extends object>(
  command: TotalsCommand<D>,
  args: readonly string[],
): Promise<number> {
  const [{ runTotals }, { processIo }, { fileResponses }] = await Promise.all([
    import('./run.ts'),
    import('../call.ts'),
    import('../observe/input-file.ts'),
  ]);
  const io = processIo();
  return runTotals(command, args, {
    ...io,
    readFile: (path, warn) => fileResponses(path, process.stdin, warn, io.signal),
  });
}
