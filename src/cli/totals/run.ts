// One call of a command about totals: options, whom to ask, and the answer printed. Knows nothing of the process, so that
// tests can run it as it is.

import { compilePredicate } from '../../hubble/filter/predicate.ts';
import type { GetFlowsResponse } from '../../hubble/proto/schema.gen.ts';
import { msToNs } from '../../runtime/time.ts';
import { type CallIo, callScreen, exitOf } from '../call.ts';
import type { Warn } from '../observe/input-file.ts';
import { type Answer, render } from '../output/render.ts';
import { askReport } from '../report/ask.ts';
import type { TotalsCommand } from './command.ts';
import { readTotalsOptions, type TotalsOptions } from './options.ts';

export interface TotalsIo extends CallIo {
  readonly readFile: (path: string, warn: Warn) => AsyncIterable<GetFlowsResponse>;
}

interface Answered<D> {
  readonly document: D;
  readonly notices: readonly string[];
}

/** Runs the call and returns the exit code. */
export function runTotals<D extends object>(
  command: TotalsCommand<D>,
  args: readonly string[],
  io: TotalsIo,
): Promise<number> {
  return exitOf(io, async () => {
    const nowNanos = msToNs(io.nowMs());
    const { env, readConfig } = io;
    const options = await readTotalsOptions(command, args, {
      ...{ env, nowNanos, readConfig },
      warn: (line) => io.err(`${line}\n`),
    });
    if (typeof options === 'string') {
      await io.out(options);
      return;
    }
    const { observe } = options;
    // A filter that cannot be understood is refused before anything is opened.
    compilePredicate(observe.whitelist, observe.blacklist);
    const { document, notices } = await answered(command, options, nowNanos, io);
    const screen = callScreen(io, observe.color);
    await io.out(await render(answerOf(command, document), options.output, screen));
    if (!observe.silentErrors) for (const notice of notices) io.err(`${notice}\n`);
  });
}

async function answered<D extends object>(
  command: TotalsCommand<D>,
  { observe, request }: TotalsOptions,
  nowNanos: bigint,
  io: TotalsIo,
): Promise<Answered<D>> {
  const { inputFile } = observe;
  if (inputFile !== undefined && command.fromFile !== undefined) {
    const notices: string[] = [];
    const responses = io.readFile(inputFile, (message) => notices.push(`${inputFile}: ${message}`));
    return { document: await command.fromFile(responses, observe, request), notices };
  }
  return askReport(
    {
      target: observe.target,
      access: observe,
      path: command.path,
      body: request,
      read: (answer) => readAnswer(command, answer),
      fromStore: async (store, { totals: config }) => {
        const [{ createUsableTotals }, { windowNotices }, answer] = await Promise.all([
          import('../../query/totals/totals-watermark.ts'),
          import('./notices.ts'),
          command.answer(),
        ]);
        const deps = { config, usable: createUsableTotals(store), nowNanos, signal: io.signal };
        const document = await answer(store, request, deps);
        return { document, notices: await windowNotices(store, request, nowNanos, io.signal) };
      },
    },
    io.signal,
  );
}

function readAnswer<D extends object>(
  { member }: TotalsCommand<D>,
  answer: unknown,
): Answered<D> | undefined {
  if (typeof answer !== 'object' || answer === null || !(member in answer)) return undefined;
  // The server's own type: it is the same program.
  const document = answer as D & {
    readonly coverage?: { readonly complete?: unknown; readonly text?: unknown } | null;
    readonly notices?: unknown;
  };
  const { coverage } = document;
  const said = coverage && coverage.complete !== true ? [coverage.text].flat() : [];
  const notices = Array.isArray(document.notices) ? document.notices : [];
  return { document, notices: [...new Set([...notices, ...said].map(String))] };
}

function answerOf<D extends object>(command: TotalsCommand<D>, document: D): Answer {
  return {
    document,
    items: command.lines(document),
    table: command.table(document),
    ...(command.csv && { csv: command.csv(document) }),
    below: command.summary(document),
  };
}
