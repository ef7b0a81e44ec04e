import type { Command, Option } from 'commander';
import { ENTRIES, examplesOf } from './commands.ts';
import { groupOf, type OptionGroup, valuesOf } from './options.ts';

export interface OptionHelp {
  readonly long: string;
  readonly short?: string | undefined;
  /** The kind of its value; undefined for a switch. */
  readonly value: string | undefined;
  readonly values: readonly string[];
  readonly help: string;
  readonly group: OptionGroup;
}

export interface ArgumentHelp {
  readonly term: string;
  readonly help: string;
  /** The values that shells complete. */
  readonly values: readonly string[];
}

export interface HelpPage {
  /** Such as `alert deliveries`. */
  readonly name: string;
  readonly summary: string;
  /** After the name: `<file> [flags]`. */
  readonly usage: string;
  readonly about: string;
  readonly args: readonly ArgumentHelp[];
  readonly options: readonly OptionHelp[];
  /** Command lines below comments. */
  readonly examples: string;
  readonly children: readonly HelpPage[];
}

/** A flag as the commands with Hubble's flags describe it. */
interface FlagLike {
  readonly name: string;
  readonly short?: string;
  readonly bare?: string;
  readonly value?: string;
  readonly help: string;
  readonly hidden?: boolean;
  readonly group?: OptionGroup;
}

/** The page of a command with Hubble's flags. */
export function flagPage(
  name: string,
  usage: string,
  about: string,
  flags: readonly FlagLike[],
  args: readonly ArgumentHelp[] = [],
): HelpPage {
  const shown = flags.filter(({ hidden }) => hidden !== true);
  return {
    ...{ name, usage, about, args, children: [], examples: examplesOf(name) },
    summary: summaryOf(name),
    options: shown.map(({ name: long, short, bare, value = 'text', help, group }) => ({
      ...{ long, short, help },
      value: bare === undefined ? value : undefined,
      values: valuesOf(long, help),
      group: group ?? groupOf(long, false),
    })),
  };
}

/** The page of a command that Commander reads. */
export function commandPage(command: Command): HelpPage {
  const name = pathOf(command);
  const help = command.createHelp();
  const args = help.visibleArguments(command);
  const options = help.visibleOptions(command);
  const configured = options.some(({ long }) => long === '--set');
  const terms = args.map((arg) => help.argumentTerm(arg));
  return {
    name,
    summary: command.summary() || summaryOf(name),
    usage: [...terms.map(bracketed), command.commands.length > 0 ? '[command]' : '', '[flags]']
      .filter(Boolean)
      .join(' '),
    about: command.description(),
    args: args.map(({ description, argChoices = [] }, at) => ({
      ...{ term: terms[at] ?? '', values: argChoices },
      help: argChoices.length > 0 ? description : sentence(description),
    })),
    options: options.map((option) => optionHelp(option, configured)),
    examples: examplesOf(name),
    children: command.commands.map(commandPage),
  };

  function bracketed(term: string, at: number): string {
    const { required = false, variadic = false } = args[at] ?? {};
    const shown = `${term}${variadic ? '…' : ''}`;
    return required ? `<${shown}>` : `[${shown}]`;
  }
}

function optionHelp(option: Option, configured: boolean): OptionHelp {
  const { flags, short, description, argChoices, defaultValue } = option;
  const long = (option.long ?? flags).replace(/^--/, '');
  const preset =
    defaultValue === undefined || typeof defaultValue === 'boolean' ? '' : ` (${defaultValue})`;
  const values = argChoices ?? valuesOf(long, description);
  return {
    ...{ long, short: short?.slice(1), values },
    help: (values.length > 0 ? description : sentence(description)) + preset,
    value: /[<[](.+?)[>\]]/.exec(flags)?.[1],
    group: groupOf(long, configured),
  };
}

function pathOf(command: Command): string {
  const { parent } = command;
  return parent === null || parent.parent === null
    ? command.name()
    : `${pathOf(parent)} ${command.name()}`;
}

export function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function summaryOf(name: string): string {
  return ENTRIES.find(([each]) => each === name)?.[1].summary ?? '';
}
