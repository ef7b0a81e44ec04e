// One call of a command about totals: options, whom to ask, and the answer printed. Knows nothing of the process, so that
// tests can run it as it is.
import { compilePredicate } from '../../hubble/filter/predicate.ts';
import { alignColumns } from '../../hubble/print/tabwriter.ts';
import type { GetFlowsResponse } from '../../hubble/proto/schema.gen.ts';
import { type CallIo, exitOf } from '../call.ts';
import type { Warn } from '../observe/input-file.ts';
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
    const nowNanos = BigInt(io.nowMs()) * 1_000_000n;
    const { env, readConfig } = io;
    const options = await readTotalsOptions(command, args, { env, nowNanos, readConfig });
    if (typeof options === 'string') {
      await io.out(options);
      return;
    }
    const { observe } = options;
    // A filter that cannot be understood is refused before anything is opened.
    compilePredicate(observe.whitelist, observe.blacklist);
    const { document, notices } = await answered(command, options, nowNanos, io);
    await io.out(printed(command, document, options));
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

function printed<D extends object>(
  command: TotalsCommand<D>,
  document: D,
  { output, observe }: TotalsOptions,
): string {
  switch (output) {
    case 'json':
      return `${JSON.stringify(document)}\n`;
    case 'ndjson':
      return command
        .lines(document)
        .map((line) => `${JSON.stringify(line)}\n`)
        .join('');
    case 'csv':
      return (command.csv?.(document) ?? command.cells(document, observe))
        .map((row) => `${row.map(csvCell).join(',')}\r\n`)
        .join('');
    case 'table': {
      const rows = command.cells(document, observe);
      // A heading over nothing says less than the summary alone.
      const table = rows.length > 1 ? alignColumns(rows.map(tableLine).join('')) : '';
      return table + command.summary(document);
    }
    default:
      return output satisfies never;
  }
}

function tableLine(row: readonly string[]): string {
  return `${row.map((cell) => (cell === '' ? '-' : cell.replaceAll(/[\t\v\n\f]/g, ' '))).join('\t')}\n`;
}

/** RFC 4180; a cell that a spreadsheet would take for a formula is text. */
function csvCell(cell: string): string {
  const text = /^[=+@\t\r]|^-(?!\d)/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
