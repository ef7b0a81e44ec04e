import type { Command } from 'commander';
import { addConfigFlags, type ConfigFlags } from '../options.ts';
import { addTargetFlags, type TargetFlags, targetSettings } from '../target.ts';

interface Flags extends ConfigFlags, TargetFlags {
  readonly from: string;
  readonly to?: string;
}

const DESCRIPTION = `Reads the records that Kafka received between two times again, stores the flows that the store does not have, and
restores identities and clusters from all of them: for a new store, or after rows were lost.

Stored flows and the offsets of the writers are left unchanged, and writers may keep running: records they have not stored
yet are left to them. Run an interrupted replay again.

Exit codes: 0 all of the range was read; 4 Kafka cannot be read; 5 the store refuses; 130 or 143 after a signal.`;

export function addReplayCommand(program: Command): void {
  const command = addConfigFlags(program.command('replay'))
    .description(DESCRIPTION)
    .requiredOption(
      '--from <time>',
      'start of the range, by the time Kafka received the records: 2h (ago), 7d, 2026-03-14T10:00:00Z',
    )
    .option('--to <time>', 'end of the range, as --from (default: now)');
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
