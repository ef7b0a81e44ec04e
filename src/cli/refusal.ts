// Commander's own refusals in the style of all others.
import type { Command, CommanderError } from 'commander';
import { didYouMean, listed } from './suggest.ts';

/** Undefined for help and version, which Commander has printed. */
export function refusalText(error: CommanderError, program: Command): string | undefined {
  if (error.exitCode === 0 || error.code.startsWith('commander.help')) return undefined;
  const [message = '', hint = ''] = error.message.split('\n');
  const text = message
    .replace(/^error: /, '')
    .replace(/^unknown (option|command) '(.*)'$/, (_, kind: string, word: string) => {
      const known = program.commands.map((command) => command.name());
      const near = kind === 'command' ? didYouMean(word, known) : nearest(hint);
      return `unknown ${kind === 'option' ? 'flag' : kind} ${word}${near || '; see --help'}`;
    })
    .replace(/^(required )?option '(?:-\w, )?(--[\w-]+).*?' /, (_, required = '', flag: string) =>
      required ? `${flag} ` : `${flag}: `,
    )
    .replace(/^(--[\w-]+) not specified$/, '$1 is required')
    .replace(/^missing required argument '(.*)'$/, 'argument <$1> is missing; see --help')
    .replace(
      /^too many arguments.*Expected (\d+) arguments? but got (\d+).*$/,
      'takes $1 arguments, not $2',
    )
    .replace(
      /^command-argument value ('.*?') is invalid for argument '(.*?)'/,
      '<$2>: argument $1 is invalid',
    )
    .replace(/: argument '(.*?)' is invalid\. (.*)\.$/s, (_, value: string, why: string) => {
      const choices = /^Allowed choices are (.*)$/.exec(why)?.[1]?.split(', ');
      const cure = choices === undefined ? lowerFirst(why) : `use ${listed(choices)}`;
      return ` does not take ${JSON.stringify(value)}; ${cure}${didYouMean(value, choices ?? [])}`;
    });
  return text;
}

function nearest(hint: string): string {
  const [, word] = /^\(Did you mean (?:one of )?(.*)\?\)$/.exec(hint) ?? [];
  return word === undefined ? '' : `; did you mean ${word.replace(', ', ' or ')}?`;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** `parallax` and the words of the command that the arguments name. */
export function commandName(program: Command, args: readonly string[]): string {
  let command = program;
  for (const word of args) {
    const next = command.commands.find(
      (each) => each.name() === word || each.aliases().includes(word),
    );
    if (next === undefined) break;
    command = next;
  }
  const names: string[] = [];
  for (let each: Command | null = command; each !== null; each = each.parent)
    names.unshift(each.name());
  return names.join(' ');
}
