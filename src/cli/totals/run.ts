import type { CoverageNote } from '../../api/http/envelope.ts';
import { compilePredicate } from '../../hubble/filter/predicate.ts';
import { type CallIo, callScreen, exitOf } from '../call.ts';
import { withClient } from '../client/client.ts';
import { plainLines } from '../output/plain-text.ts';
import { type Answer, render } from '../output/render.ts';
import type { TotalsCommand } from './command.ts';
import { readTotalsOptions } from './options.ts';

/** Runs a call of a command about totals and returns the exit code. */
export function runTotals<D extends object>(
  command: TotalsCommand<D>,
  args: readonly string[],
  io: CallIo,
): Promise<number> {
  return exitOf(io, command.name, async () => {
    const options = await readTotalsOptions(command, args, io);
    if (typeof options === 'string') {
      await io.out(options);
      return;
    }
    const { observe, request, output } = options;
    // A filter that cannot be understood is refused before anything is opened.
    compilePredicate(observe.whitelist, observe.blacklist);
    const { document, isLocal } = await withClient(observe, io, async (client) => ({
      document: await client.document<D & Noted>(command.path, request, (answer) => {
        return command.member in answer;
      }),
      isLocal: client.isLocal,
    }));
    const screen = callScreen(io, observe.color);
    await io.out(await render(answerOf(command, document), output, screen));
    if (observe.silentErrors) return;
    for (const notice of noticesOf(command, document, isLocal))
      io.err(
        plainLines(`${notice}
`),
      );
  });
}

interface Noted {
  readonly notices?: readonly string[];
  readonly coverage?: CoverageNote;
}

/** A directory may hold imported flows alone: that nothing was collected is said when there is nothing to show. */
function noticesOf<D extends object>(
  command: TotalsCommand<D>,
  document: D & Noted,
  isLocal: boolean,
) {
  const { notices = [], coverage } = document;
  const incomplete =
    coverage &&
    !coverage.complete &&
    (!isLocal || coverage.collected || command.lines(document).length === 0);
  return new Set([...notices, ...(incomplete ? [coverage.text] : [])]);
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
