// `-o` and `--color` of commands that Commander reads, and their answer on standard output.
import { type Command, Option } from 'commander';
import { COLOR_HELP, FORMAT_HELP, FORMATS, type Format, readFormat } from './format.ts';
import { type Answer, render } from './render.ts';
import { screenOf } from './screen.ts';

export interface OutputFlags {
  readonly output?: Format;
  readonly color?: string;
}

export function addOutputFlags(command: Command): Command {
  return command
    .addOption(
      new Option('-o, --output <format>', FORMAT_HELP).argParser((text) =>
        readFormat(text, warn, FORMATS),
      ),
    )
    .option('--color <when>', COLOR_HELP);
}

export async function print(answer: Answer, flags: OutputFlags): Promise<void> {
  const { output = 'table', color } = flags;
  const screen = screenOf(process.stdout, process.env, color);
  process.stdout.write(await render(answer, output, screen));
}

export function warn(line: string): void {
  process.stderr.write(`${line}\n`);
}
