// `-o` and `--color` of commands that Commander reads, and their answer on standard output.
import { type Command, Option } from 'commander';
import { COLOR_HELP, FORMAT_HELP, FORMATS, type Format, readFormat } from './format.ts';
import { type Answer, render } from './render.ts';
import { type Screen, screenOf } from './screen.ts';

export interface OutputFlags<F extends string = Format> {
  readonly output?: F;
  readonly color?: string;
}

export function addOutputFlags(
  command: Command,
  formats: readonly string[] = FORMATS,
  help = FORMAT_HELP,
): Command {
  return command
    .addOption(
      new Option('-o, --output <format>', help).argParser((text) =>
        readFormat(text, warn, formats),
      ),
    )
    .option('--color <when>', COLOR_HELP);
}

export function processScreen({ color }: Pick<OutputFlags, 'color'>): Screen {
  return screenOf(process.stdout, process.env, color);
}

export async function print(answer: Answer, flags: OutputFlags): Promise<void> {
  process.stdout.write(await render(answer, flags.output ?? 'table', processScreen(flags)));
}

function warn(line: string): void {
  process.stderr.write(`${line}\n`);
}
