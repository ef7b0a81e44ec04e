import type { Command } from 'commander';
import { addConfigFlags, type ConfigFlags } from '../options.ts';
import { addTargetFlags, type TargetFlags, targetSettings } from '../target.ts';

interface Flags extends ConfigFlags, TargetFlags {
  readonly from: string;
  readonly to?: string;
}

const DESCRIPTION = `Reads again what Kafka took between two times, stores the flows that the store does not have, and learns identities
and clusters from all of them: after rows were lost, or for a store that is new.

Flows that are stored already are left as they are, and so are the offsets of writers, which may run meanwhile: records
that they have yet to store are left to them. A replay that was cut short is simply run again.

Exit codes: 0 all of the range was read; 4 Kafka cannot be read; 5 the store refuses; 130 or 143 after a signal.`;

export function addReplayCommand(program: Command): void {
  const command = addConfigFlags(program.command('replay'))
    .description(DESCRIPTION)
    .requiredOption(
      '--from <time>',
      'when Kafka took the first: 2h (ago), 7d, 2026-03-14T10:00:00Z',
    )
    .option('--to <time>', 'when it took the last; now when left out');
  addTargetFlags(command).action(async (flags: Flags) => {
    const [{ runRole }, { timeReader }, { runReplay }] = await Promise.all([
      import('../role.ts'),
      import('../time.ts'),
      import('../../app/replay.ts'),
    ]);
    const nowMs = Date.now();
    const timeMs = timeReader(nowMs);
    const fromMs = timeMs('from', flags.from) ?? nowMs;
    const toMs = timeMs('to', flags.to) ?? nowMs;
    if (fromMs >= toMs) {
      const { inputError } = await import('../../runtime/errors.ts');
      throw inputError('--from is not before --to: nothing lies between them');
    }
    await runRole('replay', flags, targetSettings(flags), (config, deps) =>
      runReplay(config, deps, { fromMs, toMs }),
    );
  });
}
