// A command whose flags are read by Hubble's own rules, which Commander does not have.
import { Command } from 'commander';
import type { HelpPage } from './help/page.ts';

export interface PassthroughCommand {
  readonly name: string;
  readonly page: () => Promise<HelpPage>;
  readonly run: (args: readonly string[]) => Promise<number>;
}

export class FlagCommand extends Command {
  readonly page: () => Promise<HelpPage>;

  constructor(name: string, page: () => Promise<HelpPage>) {
    super(name);
    this.page = page;
  }
}

/** Adds it; what `run` resolves with becomes the exit code of the process. */
export function addPassthroughCommand(
  program: Command,
  { name, page, run }: PassthroughCommand,
): void {
  const command = new FlagCommand(name, page)
    .argument('[flags...]')
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action(async (args: string[]) => {
      process.exitCode = await run(args);
    });
  program.enablePositionalOptions().addCommand(command);
}
