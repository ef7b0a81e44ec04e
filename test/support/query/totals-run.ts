// One call of a command about totals, and what it printed.
import type { TotalsCommand } from '../../../src/cli/totals/command.ts';
import { runTotals } from '../../../src/cli/totals/run.ts';
import { caughtCall } from '../../engines/caught-call.ts';

export interface Call {
  readonly env?: Readonly<Record<string, string>>;
  readonly nowMs: number;
}

export async function call<D extends object>(
  command: TotalsCommand<D>,
  args: readonly string[],
  { env = {}, nowMs }: Call,
): Promise<{ readonly exit: number; readonly out: string; readonly err: string }> {
  const { io, said } = caughtCall({ env, nowMs });
  const exit = await runTotals(command, args, io);
  return { exit, ...said() };
}
