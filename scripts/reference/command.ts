// docs/reference/cli.md from the command's own definitions.
import type { Command, Option } from 'commander';
import { code, GENERATED, table } from './markdown.ts';

/** `ownHelp` gives the help text of a command that Commander only hands the flags through for. */
export function commandPage(program: Command, ownHelp: (name: string) => string): string {
  const head = `# The command \`parallax\`\n${GENERATED}\n${program.description()}\n
Errors are one line on standard error; exit codes are in [errors.md](errors.md).\n`;
  const list = table(
    ['Command', ''],
    program.commands.map((command) => [code(`parallax ${command.name()}`), command.summary()]),
  );
  const sections = program.commands.flatMap((command) =>
    command.description() === ''
      ? [`## parallax ${command.name()}\n\`\`\`\n${ownHelp(command.name())}\n\`\`\`\n`]
      : sectionsOf(command, 'parallax'),
  );
  return `${[head, list, '', ...sections].join('\n')}`;
}

function sectionsOf(command: Command, parent: string): string[] {
  const name = `${parent} ${command.name()}`;
  if (command.commands.length > 0) {
    return [
      `## ${name}\n${command.description()}\n`,
      ...command.commands.flatMap((inner) => sectionsOf(inner, name)),
    ];
  }
  const help = command.createHelp();
  const usage = `\`\`\`\n${name} ${command.usage()}\n\`\`\`\n`;
  const parts = [`## ${name}\n${command.description()}\n`, usage];
  const args = help.visibleArguments(command);
  if (args.length > 0) {
    const rows = args.map((arg) => [code(help.argumentTerm(arg)), arg.description]);
    parts.push(`${table(['Argument', ''], rows)}\n`);
  }
  const options = help.visibleOptions(command).filter((option) => option.long !== '--help');
  if (options.length > 0) {
    const rows = options.map((option) => [code(option.flags), optionText(option)]);
    parts.push(`${table(['Flag', ''], rows)}\n`);
  }
  return parts;
}

function optionText(option: Option): string {
  const { description, argChoices, defaultValue, defaultValueDescription } = option;
  const extra: string[] = [];
  if (argChoices) extra.push(`one of ${argChoices.map(code).join(', ')}`);
  const shown =
    defaultValueDescription ?? (defaultValue === undefined ? '' : JSON.stringify(defaultValue));
  if (shown !== '' && shown !== '[]' && typeof defaultValue !== 'boolean')
    extra.push(`default ${code(shown)}`);
  return extra.length === 0 ? description : `${description} (${extra.join('; ')})`;
}
