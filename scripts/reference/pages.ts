// Options that several commands share are described once; a command lists its own and names the others.
import { OPTION_GROUPS, type OptionGroup } from '../../src/cli/help/options.ts';
import type { HelpPage, OptionHelp } from '../../src/cli/help/page.ts';

/** As many commands with the same option make it a shared one. */
const SHARED_BY = 3;

export interface SharedOptions {
  readonly groups: readonly {
    readonly group: OptionGroup;
    readonly options: readonly OptionHelp[];
  }[];
  isShared(option: OptionHelp): boolean;
}

export function allPages(pages: readonly HelpPage[]): readonly HelpPage[] {
  return pages.flatMap((page) => [page, ...allPages(page.children)]);
}

export function sharedOptions(pages: readonly HelpPage[]): SharedOptions {
  const found = new Map<string, { option: OptionHelp; count: number }>();
  for (const option of allPages(pages).flatMap(({ options }) => options)) {
    const known = found.get(keyOf(option));
    if (known === undefined) found.set(keyOf(option), { option, count: 1 });
    else known.count++;
  }
  const shared = [...found.values()].filter(({ count }) => count >= SHARED_BY);
  const groups = groupNames().flatMap((group) => {
    const options = shared.flatMap(({ option }) => (option.group === group ? [option] : []));
    return options.length === 0 ? [] : [{ group, options }];
  });
  return {
    groups,
    isShared: (option) => (found.get(keyOf(option))?.count ?? 0) >= SHARED_BY,
  };
}

/** Which shared options a command has: `Filters except --x` or `Output: --color`. */
export function sharedTexts(
  { options }: HelpPage,
  { groups }: SharedOptions,
  name: (group: OptionGroup) => string,
  flag: (option: OptionHelp) => string,
): readonly string[] {
  const has = new Set(options.map(keyOf));
  return groups.flatMap(({ group, options: all }) => {
    const own = all.filter((option) => has.has(keyOf(option)));
    const missing = all.filter((option) => !has.has(keyOf(option)));
    if (own.length === 0) return [];
    if (missing.length === 0) return [name(group)];
    return missing.length < own.length
      ? [`${name(group)} except ${missing.map(flag).join(', ')}`]
      : [`${name(group)}: ${own.map(flag).join(', ')}`];
  });
}

export function groupNames(): readonly OptionGroup[] {
  return Object.keys(OPTION_GROUPS) as OptionGroup[]; // Object.keys loses the literal types.
}

function keyOf({ long, short = '', value = '', help, group }: OptionHelp): string {
  return [long, short, value, help, group].join('\n');
}
