// docs/parallax.1 from the pages of the help, in the man macros of troff.
import { ENTRIES, GROUPS } from '../../src/cli/help/commands.ts';
import { OPTION_GROUPS } from '../../src/cli/help/options.ts';
import type { HelpPage, OptionHelp } from '../../src/cli/help/page.ts';
import { optionTerm, reflowed } from '../../src/cli/help/text.ts';
import { allPages, type SharedOptions, sharedOptions, sharedTexts } from './pages.ts';

export interface ExitCode {
  readonly exit: number | string;
  readonly doc: string;
}

const ENVIRONMENT: readonly (readonly [string, string])[] = [
  ['PARALLAX_SERVER', 'the server to ask, as --server'],
  ['PARALLAX_DATA_DIR', 'the data directory, as --data-dir'],
  ['PARALLAX_TOKEN, PARALLAX_TOKEN_FILE', 'the token shown to a server, or a file that has it'],
  ['PARALLAX_CONFIG', 'the configuration file, as --config'],
  ['PARALLAX_…', 'any setting of the configuration; see docs/reference/config.md'],
  ['HUBBLE_…', 'the variables of hubble observe, read by observe'],
  ['NO_COLOR', 'no colours unless --color always is given'],
];

export function manPage(
  description: string,
  pages: readonly HelpPage[],
  exits: readonly ExitCode[],
): string {
  const shared = sharedOptions(pages);
  const lists = GROUPS.flatMap((group) => {
    const own = ENTRIES.filter(([, entry]) => entry.group === group);
    return [`.SS ${group}`, ...own.flatMap(([name, { summary }]) => item(name, summary))];
  });
  const lines = [
    '.\\" Written by `npm run generate`; change the code instead.',
    '.TH PARALLAX 1 "" "Parallax" "User Commands"',
    '.SH NAME',
    'parallax \\- flow history for many Cilium clusters',
    '.SH SYNOPSIS',
    '.B parallax',
    '\\fIcommand\\fR [\\fIflags\\fR]',
    '.SH DESCRIPTION',
    ...paragraphs(description),
    '.SH COMMANDS',
    ...lists,
    ...shared.groups.flatMap(({ group, options }) => [
      `.SH ${OPTION_GROUPS[group].toUpperCase()}`,
      ...options.flatMap(option),
    ]),
    ...allPages(pages).flatMap((page) => section(page, shared)),
    '.SH ENVIRONMENT',
    ...ENVIRONMENT.flatMap(([name, text]) => item(name, text)),
    '.SH EXIT STATUS',
    ...exits.flatMap(({ exit, doc }) => item(String(exit), doc)),
    '.SH SEE ALSO',
    '.BR hubble (1),',
    'docs/reference/cli.md, docs/reference/config.md',
  ];
  return `${lines.join('\n')}\n`;
}

function section(page: HelpPage, shared: SharedOptions): readonly string[] {
  const { name, usage, about, summary, examples, args, options } = page;
  const also = sharedTexts(
    page,
    shared,
    (group) => OPTION_GROUPS[group].toUpperCase(),
    ({ long }) => `--${long}`,
  );
  return [
    `.SH PARALLAX ${escaped(name.toUpperCase())}`,
    '.nf',
    escaped(`parallax ${name} ${usage}`),
    '.fi',
    '.PP',
    ...paragraphs(about === '' ? `${summary}.` : about),
    ...args.flatMap(({ term, help }) => item(term, help)),
    ...options.filter((each) => !shared.isShared(each)).flatMap(option),
    ...(also.length === 0 ? [] : ['.PP', escaped(`Shared flags: ${also.join('; ')}.`)]),
    ...(examples === ''
      ? []
      : ['.PP', 'Examples:', '.nf', ...examples.trimEnd().split('\n').map(escaped), '.fi']),
  ];
}

function option(each: OptionHelp): readonly string[] {
  return item(optionTerm(each).trim(), each.help);
}

function item(term: string, text: string): readonly string[] {
  return ['.TP', `\\fB${escaped(term)}\\fR`, escaped(text)];
}

function paragraphs(text: string): readonly string[] {
  return reflowed(text)
    .split(/\n{2,}/)
    .flatMap((each, at) => [...(at > 0 ? ['.PP'] : []), escaped(each)]);
}

/** A line that begins with a dot or quote would be a request; troff reads ASCII. */
function escaped(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/[^ -~\n]/gu, (found) => `\\[u${hex(found)}]`)
    .replace(/^(?=[.'])/gm, '\\&');
}

function hex(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
}
