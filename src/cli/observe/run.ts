// One call of `parallax observe`: options, where to ask, and printing what comes. Knows nothing of the process, so
// that tests can run it as it is.
import { rawFilters } from '../../hubble/filter/json.ts';
import { compilePredicate } from '../../hubble/filter/predicate.ts';
import { createPrinter } from '../../hubble/print/printer.ts';
import type { GetFlowsResponse } from '../../hubble/schema.gen.ts';
import { ERRORS, ParallaxError } from '../../runtime/errors.ts';
import { describeFlags } from './args.ts';
import { select } from './input-file.ts';
import { type Env, helpFlags, type ObserveOptions, readOptions } from './options.ts';

export interface ObserveIo {
  readonly env: Env;
  /** The responses of a file; `warn` takes what was left out of it. */
  readonly readFile: (
    path: string,
    warn: (message: string) => void,
  ) => AsyncIterable<GetFlowsResponse>;
  /** Takes text; resolves when more may come. */
  readonly out: (text: string) => Promise<void> | undefined;
  readonly err: (text: string) => void;
  readonly isTty: boolean;
  readonly nowMs: () => number;
  readonly signal: AbortSignal;
  /** Answers from a server or a data directory. */
  readonly ask: (
    options: ObserveOptions,
    say: (message: string) => void,
  ) => AsyncIterable<GetFlowsResponse>;
}

/** Text is handed on in pieces of about this many characters. */
const FLUSH_CHARS = 64 * 1024;

/** Runs the call and returns the exit code. */
export async function runObserve(args: readonly string[], io: ObserveIo): Promise<number> {
  try {
    const options = readOptions(args, io.env, BigInt(io.nowMs()) * 1_000_000n);
    if (options.help) await io.out(helpText());
    else if (options.printRawFilters)
      await io.out(rawFilters(options.whitelist, options.blacklist));
    else await print(options, io);
    return 0;
  } catch (error) {
    if (io.signal.aborted) return 0;
    io.err(`${error instanceof Error ? error.message : String(error)}\n`);
    return error instanceof ParallaxError ? ERRORS[error.code].exit : 1;
  }
}

async function print(options: ObserveOptions, io: ObserveIo): Promise<void> {
  // Compiled first whatever is asked, so that a bad filter is refused before anything is opened.
  const predicate = compilePredicate(options.whitelist, options.blacklist, (why) =>
    io.err(celFailure(why, io.nowMs())),
  );
  const say = options.silentErrors ? () => {} : (message: string) => io.err(`${message}\n`);
  let pending = '';
  const printer = createPrinter(
    { ...options.printer, color: useColor(options.color, io) },
    {
      out: (text) => {
        pending += text;
      },
      err: options.silentErrors ? () => {} : io.err,
    },
  );
  const flush = async () => {
    if (pending === '') return;
    const text = pending;
    pending = '';
    await io.out(text);
  };
  const responses =
    options.inputFile === undefined
      ? io.ask(options, say)
      : select(
          io.readFile(options.inputFile, (message) => say(`${options.inputFile}: ${message}`)),
          options,
          predicate,
        );
  try {
    for await (const response of responses) {
      if (io.signal.aborted) break;
      printer.print(response);
      if (options.follow || pending.length >= FLUSH_CHARS) await flush();
    }
  } finally {
    printer.end();
    await flush();
  }
}

/** The log line of the reference for a flow that an expression could not be evaluated for; --silent-errors keeps it. */
function celFailure(why: string, nowMs: number): string {
  const time = new Date(nowMs).toISOString();
  const error = /^[^\s"=]+$/.test(why) ? why : JSON.stringify(why);
  return `time=${time} level=ERROR msg="error running CEL program" error=${error}\n`;
}

function useColor(choice: string, io: ObserveIo): boolean {
  switch (choice.toLowerCase()) {
    case 'always':
      return true;
    case 'never':
      return false;
    default:
      return io.isTty && (io.env.NO_COLOR ?? '') === '';
  }
}

function helpText(): string {
  return `Usage: parallax observe [flags]

Shows flows that were collected, the way hubble observe does: the same flags, filters and output.
Asks the server named by --server or PARALLAX_SERVER, else the one that has the data directory
open, else reads the directory itself.

Filters of several kinds must all match; several values of one kind are alternatives; --not
negates the filter after it.

Flags:
${describeFlags(helpFlags())}`;
}
