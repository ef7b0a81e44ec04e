// What a call of `observe` asks history for, read as the command reads it.
import { readOptions } from '../../../src/cli/observe/options.ts';
import type { FlowQuery } from '../../../src/query/flows/flows.ts';

/** `nowNanos` is what relative times count from. */
export async function questionOf(args: readonly string[], nowNanos: bigint): Promise<FlowQuery> {
  const options = await readOptions(args, {
    env: {},
    nowMs: () => Number(nowNanos / 1_000_000n),
    warn: () => undefined,
    readConfig: async () => ({}),
  });
  if (options === 'help') throw new Error(`${args.join(' ')} asks nothing`);
  return { ...options, events: 'matching' };
}
