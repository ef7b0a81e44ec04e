// Help on the terminal: usage, what the command does, examples, and its options by group.
import { wrap } from '../output/width.ts';
import { type CommandEntry, ENTRIES, GROUPS } from './commands.ts';
import { OPTION_GROUPS } from './options.ts';
import { type HelpPage, type OptionHelp, sentence } from './page.ts';

const WIDTH = 100;
const WHERE =
  '  The server of --server or PARALLAX_SERVER, else the one that has the data directory open, else the directory itself.\n';
/** Options longer than this have their text on the next line. */
const MAX_TERM = 34;

export function helpText(page: HelpPage, columns = WIDTH): string {
  const width = Math.min(columns, WIDTH);
  const { name, usage, summary, about, args, children, options, examples } = page;
  const sections = [
    `Usage: parallax ${name} ${usage}\n`,
    wrap(`${about.trim() === '' ? `${sentence(summary)}.` : reflowed(about)}\n`, width),
    examples === '' ? '' : `Examples:\n${examples.replaceAll(/^(?=.)/gm, '  ')}`,
    rows(
      'Commands',
      children.map((child) => [child.name.split(' ').at(-1) ?? '', child.summary]),
      width,
    ),
    rows(
      'Arguments',
      args.map(({ term, help }) => [term, help]),
      width,
    ),
    ...Object.entries(OPTION_GROUPS).map(([group, title]) => {
      const own = options.filter((option) => option.group === group);
      const pairs = own.map((option) => [optionTerm(option), option.help] as const);
      const names = own.map(({ long }) => long);
      const note = names.includes('server') && names.includes('data-dir') ? WHERE : '';
      return rows(title, pairs, width, note);
    }),
  ];
  return sections.filter((section) => section !== '').join('\n');
}

export function programText(description: string, columns = WIDTH): string {
  const width = Math.min(columns, WIDTH);
  const groups = GROUPS.map((group) => {
    const own = ENTRIES.filter(
      ([, entry]: readonly [string, CommandEntry]) => entry.group === group,
    );
    return rows(
      group,
      own.map(([name, { summary }]) => [name, summary]),
      width,
    );
  });
  return [
    'Usage: parallax <command> [flags]\n',
    wrap(`${description}\n`, width),
    ...groups,
    'parallax <command> --help shows the flags of a command and examples; parallax --version the version.\n',
  ].join('\n');
}

export function optionTerm({ long, short, value }: OptionHelp): string {
  const letter = short === undefined ? '    ' : `-${short}, `;
  return `${letter}--${long}${value === undefined ? '' : ` <${value}>`}`;
}

/** Paragraphs are separated by empty lines; line breaks within them mean nothing. */
export function reflowed(text: string): string {
  return text.trim().replace(/([^\n])\n(?!\n)/g, '$1 ');
}

function rows(
  title: string,
  pairs: readonly (readonly [string, string])[],
  width: number,
  note = '',
): string {
  if (pairs.length === 0) return '';
  const term = Math.min(MAX_TERM, Math.max(...pairs.map(([left]) => left.length)));
  const lines = pairs.map(([left, right]) => {
    const indent = ' '.repeat(term + 4);
    const text = wrap(right, Math.max(20, width - indent.length)).replaceAll('\n', `\n${indent}`);
    return left.length > term
      ? `  ${left}\n${indent}${text}\n`
      : `  ${left.padEnd(term)}  ${text}\n`;
  });
  return `${title}:\n${wrap(note, width)}${lines.join('')}`;
}
