// Every example of the help is a call that its command accepts.
import { describe, expect, test } from 'vitest';
import { ENTRIES, GROUPS } from '../../../../src/cli/help/commands.ts';
import type { HelpPage } from '../../../../src/cli/help/page.ts';
import { helpText, programText } from '../../../../src/cli/help/text.ts';
import { buildProgram, helpArguments, helpPages } from '../../../../src/cli/program.ts';

const pages = await helpPages();
const flat = (list: readonly HelpPage[]): readonly HelpPage[] =>
  list.flatMap((page) => [page, ...flat(page.children)]);

function linesOf({ examples }: Pick<HelpPage, 'examples'>): readonly string[] {
  return examples.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

/** Words of a line, without what a shell does around the command. */
function wordsOf(line: string): readonly string[] {
  return line
    .replace(/^source <\(|\)$| > .*$/g, '')
    .split(' ')
    .slice(1);
}

/** Says what of a call is unknown to the page. */
function unknownWords(page: HelpPage, words: readonly string[]): readonly string[] {
  const unknown: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    if (!word.startsWith('-') || word === '-') continue;
    const option = page.options.find(
      ({ long, short }) => word === `--${long}` || (short !== undefined && word === `-${short}`),
    );
    if (option === undefined) unknown.push(word);
    if (option?.value === undefined) continue;
    const value = words[++at];
    if (value === undefined) unknown.push(`${word} without a value`);
    else if (option.values.length > 0 && !option.values.includes(value))
      unknown.push(`${word} ${value}`);
  }
  return unknown;
}

describe('examples', () => {
  test.each(flat(pages).map((page) => [page.name, page] as const))('of %s', (name, page) => {
    for (const line of linesOf(page)) {
      const words = wordsOf(line);
      const inner = flat(page.children).find((child) => words.join(' ').startsWith(child.name));
      const found = inner ?? page;
      expect(words.join(' ')).toMatch(new RegExp(`^${found.name}( |$)`));
      expect({ line, unknown: unknownWords(found, words) }).toEqual({ line, unknown: [] });
    }
    if (!name.includes(' ')) expect(linesOf(page).length).toBeGreaterThan(0);
  });

  test('are two to four of each command that asks', () => {
    for (const page of pages) {
      const entry = ENTRIES.find(([name]) => name === page.name)?.[1];
      if (entry?.group === 'Query' || entry?.group === 'Check')
        expect([2, 3, 4]).toContain(linesOf(page).length);
    }
  });
});

describe('help', () => {
  test('of the program lists every command in its group', () => {
    const text = programText('What it is.', 80);
    for (const group of GROUPS) expect(text).toContain(`\n${group}:\n`);
    for (const [name, { summary }] of ENTRIES)
      expect(text.replace(/\n {4,}/g, ' ')).toMatch(new RegExp(`^ {2}${name} +${summary}$`, 'm'));
  });

  test.each([80, 100])('wraps at %i columns', (columns) => {
    for (const page of flat(pages)) {
      const long = helpText(page, columns)
        .split('\n')
        .filter((line) => line.length > columns && !line.includes('parallax '));
      expect({ name: page.name, long }).toEqual({ name: page.name, long: [] });
    }
  });

  test('is asked for in every way', async () => {
    expect(helpArguments([])).toEqual(['--help']);
    expect(helpArguments(['help'])).toEqual(['--help']);
    expect(helpArguments(['help', 'alert', 'deliveries'])).toEqual([
      'alert',
      'deliveries',
      '--help',
    ]);
    expect(helpArguments(['top', '-n', '5'])).toEqual(['top', '-n', '5']);
    const program = await buildProgram();
    expect(program.commands.map((command) => command.name())).toEqual(
      pages.map(({ name }) => name),
    );
  });
});
