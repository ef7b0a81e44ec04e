// Completion scripts of the shells. They hold all commands, flags and values, so that completing starts no process.
import { takesFile } from './options.ts';
import type { HelpPage, OptionHelp } from './page.ts';

export type Shell = 'bash' | 'zsh' | 'fish';

export function completionScript(shell: Shell, pages: readonly HelpPage[]): string {
  switch (shell) {
    case 'bash':
      return bash(pages);
    case 'zsh':
      return zsh(pages);
    case 'fish':
      return fish(pages);
    default:
      return shell satisfies never;
  }
}

function flattened(pages: readonly HelpPage[]): readonly HelpPage[] {
  return pages.flatMap((page) => [page, ...flattened(page.children)]);
}

function lastWord({ name }: HelpPage): string {
  return name.split(' ').at(-1) ?? '';
}

function flagsOf({ long, short }: OptionHelp): readonly string[] {
  return short === undefined ? [`--${long}`] : [`--${long}`, `-${short}`];
}

// In bash `--flag=value` arrives as three words.
const BASH_HEAD = `# bash completion for parallax: source <(parallax completion bash)
_parallax() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD - 1]}" command="" words="" word i
  if [[ $cur == "=" ]]; then cur=""
  elif [[ $prev == "=" ]]; then prev="\${COMP_WORDS[COMP_CWORD - 2]}"; fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    case "$command/$word" in`;

function bash(pages: readonly HelpPage[]): string {
  const all = flattened(pages);
  const values = all.flatMap((page) =>
    page.options.flatMap((option) => {
      if (option.value === undefined) return [];
      const patterns = flagsOf(option).map((flag) => `"${page.name}/${flag}"`);
      const reply = takesFile(option)
        ? 'COMPREPLY=($(compgen -f -- "$cur"))'
        : `COMPREPLY=($(compgen -W "${option.values.join(' ')}" -- "$cur"))`;
      return [`    ${patterns.join('|')}) ${reply}; return ;;`];
    }),
  );
  const words = all.map((page) => {
    const flags = page.options.flatMap(flagsOf);
    const all = [...page.children.map(lastWord), ...wordsOf(page), ...flags];
    return `    "${page.name}") words="${all.join(' ')}" ;;`;
  });
  return `${BASH_HEAD}
${pages.map(({ name }) => `      "/${name}") command="${name}" ;;`).join('\n')}
${pages
  .flatMap(({ name, children }) =>
    children.map((child) => `      "${name}/${lastWord(child)}") command="${child.name}" ;;`),
  )
  .join('\n')}
    esac
  done
  case "$command/$prev" in
${values.join('\n')}
  esac
  case "$command" in
    "") words="help --help --version ${pages.map(({ name }) => name).join(' ')}" ;;
${words.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
  if [[ \${#COMPREPLY[@]} -eq 0 && $cur != -* ]]; then COMPREPLY=($(compgen -f -- "$cur")); fi
}
complete -o filenames -F _parallax parallax
`;
}

function wordsOf({ args }: HelpPage): readonly string[] {
  return args.flatMap(({ values }) => values);
}

function zsh(pages: readonly HelpPage[]): string {
  const branches = pages.map(
    (page) => `    ${page.name})
${zshBody(page, '      ')}
      ;;`,
  );
  return `#compdef parallax
# zsh completion for parallax: parallax completion zsh > "\${fpath[1]}/_parallax"
_parallax() {
  local -a commands
  if (( CURRENT == 2 )); then
    commands=(${pages.map(zshCommand).join(' ')})
    _describe -t commands command commands
    return
  fi
  shift words
  (( CURRENT-- ))
  case "$words[1]" in
${branches.join('\n')}
  esac
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _parallax "$@"; else compdef _parallax parallax; fi
`;
}

function zshBody(page: HelpPage, indent: string): string {
  const { children, options } = page;
  const words = wordsOf(page);
  const rest = words.length > 0 ? `'*:argument:(${words.join(' ')})'` : `'*:argument:_files'`;
  const specs = [...options.map(zshOption), rest];
  const own = `${indent}_arguments ${specs.join(` \\\n${indent}  `)}`;
  if (children.length === 0) return own;
  const branches = children.map(
    (child) => `${indent}    ${lastWord(child)})
${indent}      shift words; (( CURRENT-- ))
${zshBody(child, `${indent}      `)}
${indent}      ;;`,
  );
  return `${indent}if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then
${indent}  commands=(${children.map(zshCommand).join(' ')})
${indent}  _describe -t commands command commands
${indent}else
${indent}  case "$words[2]" in
${branches.join('\n')}
${indent}    *)
${own}
${indent}      ;;
${indent}  esac
${indent}fi`;
}

function zshCommand(page: HelpPage): string {
  return single(`${lastWord(page)}:${page.summary}`);
}

function zshOption(option: OptionHelp): string {
  const { value, values, help } = option;
  const text = help.replace(/[[\]\\]/g, '\\$&');
  const kind =
    value === undefined
      ? ''
      : `:${value.replaceAll(':', '\\:')}:${takesFile(option) ? '_files' : values.length > 0 ? `(${values.join(' ')})` : ' '}`;
  return flagsOf(option)
    .map((flag) => single(`*${flag}[${text}]${kind}`))
    .join(' ');
}

function fish(pages: readonly HelpPage[]): string {
  const names = pages.map(({ name }) => name).join(' ');
  const lines = pages.flatMap((page) =>
    fishLines(page, `__fish_seen_subcommand_from ${page.name}`),
  );
  return `# fish completion for parallax: parallax completion fish > ~/.config/fish/completions/parallax.fish
complete -c parallax -f
${pages
  .map(
    ({ name, summary }) =>
      `complete -c parallax -n 'not __fish_seen_subcommand_from ${names}' -a ${name} -d ${single(summary)}`,
  )
  .join('\n')}
${lines.join('\n')}
`;
}

function fishLines(page: HelpPage, condition: string): readonly string[] {
  const { children, options, args } = page;
  const inner = children.map(lastWord).join(' ');
  const own =
    children.length === 0
      ? condition
      : `${condition}; and not __fish_seen_subcommand_from ${inner}`;
  const words = wordsOf(page);
  return [
    ...children.map(
      (child) =>
        `complete -c parallax -n '${own}' -a ${lastWord(child)} -d ${single(child.summary)}`,
    ),
    ...(words.length > 0 ? [`complete -c parallax -n '${own}' -a '${words.join(' ')}'`] : []),
    ...(args.some(({ term }) => term === 'file') ? [`complete -c parallax -n '${own}' -F`] : []),
    ...options.map((option) => fishOption(option, own)),
    ...children.flatMap((child) =>
      fishLines(child, `${condition}; and __fish_seen_subcommand_from ${lastWord(child)}`),
    ),
  ];
}

function fishOption(option: OptionHelp, condition: string): string {
  const { long, short, value, values, help } = option;
  const letter = short === undefined ? '' : ` -s ${short}`;
  const kind =
    value === undefined ? '' : takesFile(option) ? ' -r -F' : ` -x -a '${values.join(' ')}'`;
  return `complete -c parallax -n '${condition}' -l ${long}${letter}${kind} -d ${single(help)}`;
}

/** A word in single quotes; both shells end and reopen them around one. */
function single(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
