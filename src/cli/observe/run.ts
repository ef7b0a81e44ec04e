import { rawFilters } from '../../hubble/filter/json.ts';
import { compilePredicate } from '../../hubble/filter/predicate.ts';
import { createPrinter } from '../../hubble/print/printer.ts';
import { prototext } from '../../hubble/print/prototext.ts';
import { GetFlowsRequest, type GetFlowsResponse } from '../../hubble/proto/schema.gen.ts';
import { inputError } from '../../runtime/errors.ts';
import { type CallIo, exitOf } from '../call.ts';
import { flagPage, type HelpPage } from '../help/page.ts';
import { helpText } from '../help/text.ts';
import { wantsColor } from '../output/screen.ts';
import { FlagValues } from './flag-values.ts';
import { observeFlags } from './flags.ts';
import type { Listeners } from './flows.ts';
import { select, type Warn } from './input-file.ts';
import { type ObserveOptions, readOptions } from './options.ts';
import { progressLine } from './progress.ts';
import { flowsRequest } from './request.ts';
import { slogLine } from './slog.ts';

export interface ObserveIo extends CallIo {
  /** The responses of a file, once it is open; `warn` takes what was left out of it. */
  readonly readFile: (
    path: string,
    warn: Warn,
  ) => AsyncIterable<GetFlowsResponse> | Promise<AsyncIterable<GetFlowsResponse>>;
  readonly isTty: boolean;
  /** Whether the error stream is a terminal. */
  readonly isErrTty: boolean;
  /** Flows of a server or of a data directory. */
  readonly query: (
    options: ObserveOptions,
    listeners: Listeners,
  ) => AsyncIterable<GetFlowsResponse>;
}

/** Text is handed on in pieces of about this many characters. */
const FLUSH_CHARS = 64 * 1024;

/** Runs the call and returns the exit code. */
export function runObserve(args: readonly string[], io: ObserveIo): Promise<number> {
  return exitOf(io, undefined, async () => {
    let configFile: string | undefined;
    const options = await readOptions(args, {
      ...io,
      readConfig: (named) =>
        io.readConfig(named, (path) => {
          configFile = path;
        }),
      debugging: () => {
        if (configFile !== undefined) log(io)('DEBUG', 'Using config file', { configFile });
      },
    });
    if (options === 'help') await io.out(helpText(observePage(), io.terminal?.columns));
    else if (options.printRawFilters)
      await io.out(rawFilters(options.whitelist, options.blacklist));
    else if (options.printSql) await io.out((await import('./print-sql.ts')).sqlText(options));
    else await print(options, io);
  });
}

async function print(options: ObserveOptions, outer: ObserveIo): Promise<void> {
  const line = progressLine(outer.err, outer.nowMs);
  // Nothing is written over the line of progress.
  const io: ObserveIo = {
    ...outer,
    out: (text) => {
      line.clear();
      return outer.out(text);
    },
    err: (text) => {
      line.clear();
      outer.err(text);
    },
  };
  const progress = outer.isErrTty && !options.silentErrors ? line.show : () => {};
  const responses = await source(options, io, progress);
  let pending = '';
  const printer = createPrinter(
    { ...options.printer, color: wantsColor(io.isTty, io.env, options.color) },
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
  try {
    for await (const response of responses) {
      if (io.signal.aborted) break;
      printer.print(response);
      if (options.follow || pending.length >= FLUSH_CHARS) await flush();
    }
  } finally {
    line.clear();
    printer.end();
    await flush();
  }
}

/** Writes log lines as Hubble does. */
function log(io: ObserveIo) {
  return (
    level: 'DEBUG' | 'WARN' | 'ERROR',
    message: string,
    fields: Readonly<Record<string, string>>,
  ) => io.err(slogLine(io.nowMs(), level, message, fields));
}

/** Where the responses come from. A bad filter is refused before anything is asked, but after a file is opened. */
async function source(
  options: ObserveOptions,
  io: ObserveIo,
  progress: Listeners['progress'],
): Promise<AsyncIterable<GetFlowsResponse>> {
  const { inputFile, whitelist, blacklist } = options;
  if (options.server.portForward)
    throw inputError(
      inputFile === undefined
        ? '--port-forward is not supported; run `kubectl -n kube-system port-forward service/hubble-relay 4245:80` and name it with --server localhost:4245'
        : 'cannot use --input-file and --auto-port-forward together',
    );
  const warn: Warn = (message, fields) => log(io)('WARN', message, fields);
  const responses = inputFile === undefined ? undefined : await io.readFile(inputFile, warn);
  if (options.printer.debug) {
    // The reference names its setting, not the server.
    if (responses === undefined && options.target.kind === 'relay')
      log(io)('DEBUG', 'connected to Hubble API', { server: 'server' });
    const req = prototext(GetFlowsRequest, flowsRequest(options));
    log(io)('DEBUG', 'Sending GetFlows request', { req });
  }
  if (responses === undefined) {
    compilePredicate(whitelist, blacklist);
    const say = (message: string) => {
      if (!options.silentErrors) io.err(`${message}\n`);
    };
    return io.query(options, { say, progress });
  }
  // In a file the names of clusters are names, as the reference has it.
  const predicate = compilePredicate(whitelist, blacklist, {
    clusterPatterns: false,
    failed: (why, message) => log(io)('ERROR', message, { error: why }),
  });
  return select(responses, options, predicate);
}

export function observePage(): HelpPage {
  return flagPage('observe', '[flags]', ABOUT, observeFlags(new FlagValues()));
}

const ABOUT = `Shows collected flows the way hubble observe does: the same flags, filters and output. A --server without a
scheme is a Hubble Relay.

Filters of different kinds must all match; several values of one kind are alternatives; --not negates the filter after it.`;
