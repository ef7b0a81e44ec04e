// docs/reference/cli.md from the pages of the help.
import { ENTRIES, GROUPS } from '../../src/cli/help/commands.ts';
import { OPTION_GROUPS, type OptionGroup } from '../../src/cli/help/options.ts';
import type { HelpPage, OptionHelp } from '../../src/cli/help/page.ts';
import { reflowed } from '../../src/cli/help/text.ts';
import { code, GENERATED, table } from './markdown.ts';
import { allPages, type SharedOptions, sharedOptions, sharedTexts } from './pages.ts';

const FORMATS = `Every command but \`observe\` prints \`-o table\` (the default), \`wide\`, \`json\`, \`ndjson\`, \`csv\` or \`yaml\`: a table fits
the width of the terminal and leaves out the least important columns where it is narrow, \`wide\` has all columns in full,
\`json\` and \`yaml\` are the document of the [HTTP API](api.md), \`ndjson\` is a line for each row, and \`csv\` has all columns.
Output that is no terminal has neither colours nor shortened cells.`;

export function commandsPage(description: string, pages: readonly HelpPage[]): string {
  const shared = sharedOptions(pages);
  const lists = GROUPS.map((group) => {
    const own = ENTRIES.filter(([, entry]) => entry.group === group);
    const rows = own.map(([name, { summary }]) => [
      `[\`parallax ${name}\`](#parallax-${name})`,
      summary,
    ]);
    return `### ${group}\n\n${table(['Command', ''], rows)}`;
  });
  const groups = shared.groups.map(
    ({ group, options }) => `## ${OPTION_GROUPS[group]}\n\n${optionTable(options)}`,
  );
  return `${[
    `# The command \`parallax\`\n${GENERATED}\n\n${description}`,
    'Errors are one line on standard error; exit codes are in [errors.md](errors.md). `parallax completion` prints the completion script of a shell.',
    FORMATS,
    ...lists,
    ...groups,
    ...allPages(pages).map((page) => section(page, shared)),
  ].join('\n\n')}\n`;
}

function section(page: HelpPage, shared: SharedOptions): string {
  const { name, usage, about, summary, examples, args, children, options } = page;
  const own = options.filter((option) => !shared.isShared(option));
  const link = (group: OptionGroup) =>
    `[${OPTION_GROUPS[group]}](#${OPTION_GROUPS[group].toLowerCase().replaceAll(' ', '-')})`;
  const also = sharedTexts(page, shared, link, ({ long }) => `\`--${long}\``);
  const rows = [
    ...children.map((child) => [code(child.name.split(' ').at(-1) ?? ''), child.summary]),
    ...args.map(({ term, help }) => [code(term), help]),
  ];
  return [
    `## parallax ${name}`,
    `\`\`\`\nparallax ${name} ${usage}\n\`\`\``,
    about === '' ? `${summary}.` : reflowed(about),
    ...(examples === '' ? [] : [`\`\`\`sh\n${examples}\`\`\``]),
    ...(rows.length === 0 ? [] : [table(['Argument', ''], rows)]),
    ...(own.length === 0 ? [] : [optionTable(own)]),
    ...(also.length === 0 ? [] : [`Shared flags: ${also.join('; ')}.`]),
  ].join('\n\n');
}

function optionTable(options: readonly OptionHelp[]): string {
  const rows = options.map(({ long, short, value, help }) => {
    const letter = short === undefined ? '' : `-${short}, `;
    return [code(`${letter}--${long}${value === undefined ? '' : ` <${value}>`}`), help];
  });
  return table(['Flag', ''], rows);
}
