// A command whose flags are read by Hubble's own rules, which Commander does not have: it only hands them through.
import type { Command } from 'commander';

export interface PassthroughCommand {
  readonly name: string;
  readonly summary: string;
  /** What stands behind the name in the usage. */
  readonly words?: string;
  readonly run: (args: readonly string[]) => Promise<number>;
}

/** Adds it; what `run` resolves with becomes the exit code of the process. */
export function addPassthroughCommand(
  program: Command,
  { name, summary, words = '[flags]', run }: PassthroughCommand,
): void {
  program
    .enablePositionalOptions()
    .command(name)
    .summary(summary)
    .usage(words)
    .argument('[flags...]')
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action(async (args: string[]) => {
      process.exitCode = await run(args);
    });
}
