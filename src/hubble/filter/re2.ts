// Regular expressions that always end in time proportional to text × pattern (a Pike machine over RE2 syntax), because
// filters come from strangers and JavaScript's own engine can be made to backtrack for ever.
import { type CharTest, isWord } from './re2-class.ts';
import { parseRegex, RegexError, shownPattern } from './re2-parse.ts';
import type { Assertion, Node } from './re2-tree.ts';

export { RegexError, shownPattern } from './re2-parse.ts';

type Instruction =
  | { readonly op: 'char'; readonly test: CharTest; next: number }
  | { readonly op: 'split'; next: number; other: number }
  | { readonly op: 'assert'; readonly what: Assertion; next: number }
  | { readonly op: 'match' };

/**
 * What a pattern may be: time per character of text grows with its instructions, about 10 ns each at worst (2,000 of
 * them: 20 µs), and each flow that is looked at pays it. Go takes more; patterns that people write have tens.
 */
const MAX_PATTERN_CHARS = 4096;
const MAX_INSTRUCTIONS = 2000;
/** Unicode classes are long in RE2, which has some 130,000 instructions to spend on a pattern. */
const MAX_WIDE = 50;

export interface SafeRegex {
  readonly source: string;
  /** True when the pattern matches anywhere in the text. */
  test(text: string): boolean;
}

/** Compiles RE2 syntax. Throws RegexError in Go's words. */
export function compileRegex(source: string): SafeRegex {
  if (source.length > MAX_PATTERN_CHARS) throw tooLarge(source);
  const tree = parseRegex(source);
  const literal = literalOf(tree);
  if (literal !== undefined) return { source, test: (text) => text.includes(literal) };
  const program = assemble(tree, source);
  return { source, test: (text) => run(program, text) };
}

function tooLarge(source: string): RegexError {
  return new RegexError(`error parsing regexp: expression too large: \`${shownPattern(source)}\``);
}

function literalOf(node: Node): string | undefined {
  if (node.kind === 'empty') return '';
  if (node.kind === 'char') return node.literal;
  if (node.kind !== 'concat') return undefined;
  let text = '';
  for (const child of node.nodes) {
    const part = literalOf(child);
    if (part === undefined) return undefined;
    text += part;
  }
  return text;
}

function assemble(tree: Node, source: string): readonly Instruction[] {
  const program: Instruction[] = [];
  let wide = 0;
  const push = (instruction: Instruction): number => {
    if (program.length >= MAX_INSTRUCTIONS) throw tooLarge(source);
    return program.push(instruction) - 1;
  };
  // Built back to front: each piece is given what follows it and answers where it starts.
  const build = (node: Node, next: number): number => {
    switch (node.kind) {
      case 'empty':
        return next;
      case 'char':
        if (node.wide === true && ++wide > MAX_WIDE) throw tooLarge(source);
        return push({ op: 'char', test: node.test, next });
      case 'assert':
        return push({ op: 'assert', what: node.what, next });
      case 'concat':
        return node.nodes.reduceRight((after, child) => build(child, after), next);
      case 'alternate':
        return node.nodes
          .map((child) => build(child, next))
          .reduceRight((other, start) => push({ op: 'split', next: start, other }));
      case 'repeat':
        return repeat(node.node, node.min, node.max, next);
      default:
        return node satisfies never;
    }
  };
  const repeat = (node: Node, min: number, max: number, next: number): number => {
    let start = next;
    if (max === Number.POSITIVE_INFINITY) {
      const loop: Instruction = { op: 'split', next: 0, other: next };
      start = push(loop);
      loop.next = build(node, start);
    } else {
      for (let i = min; i < max; i++)
        start = push({ op: 'split', next: build(node, start), other: next });
    }
    for (let i = 0; i < min; i++) start = build(node, start);
    return start;
  };
  push({ op: 'match' });
  const first = build(tree, 0);
  // The last instruction is where the machine starts.
  push({ op: 'split', next: first, other: first });
  return program;
}

function run(program: readonly Instruction[], text: string): boolean {
  const start = program.length - 1;
  const seen = new Int32Array(program.length).fill(-1);
  let current: number[] = [];
  let following: number[] = [];
  let before = -1;
  let step = 0;
  for (let at = 0; ; step++) {
    const after = text.codePointAt(at) ?? -1;
    // Threads that came over, then one more starting here: the match may begin anywhere.
    const threads: number[] = [];
    current.push(start);
    while (current.length > 0) {
      const index = current.pop() ?? 0;
      if (seen[index] === step) continue;
      seen[index] = step;
      const instruction = program[index];
      if (instruction === undefined) continue;
      if (instruction.op === 'match') return true;
      if (instruction.op === 'char') threads.push(index);
      else if (instruction.op === 'split') current.push(instruction.other, instruction.next);
      else if (holds(instruction.what, before, after)) current.push(instruction.next);
    }
    if (after < 0) return false;
    for (const index of threads) {
      const instruction = program[index];
      if (instruction?.op === 'char' && instruction.test(after)) following.push(instruction.next);
    }
    [current, following] = [following, current];
    before = after;
    at += after > 0xffff ? 2 : 1;
  }
}

function holds(what: Assertion, before: number, after: number): boolean {
  switch (what) {
    case 'textStart':
      return before < 0;
    case 'textEnd':
      return after < 0;
    case 'lineStart':
      return before < 0 || before === 10;
    case 'lineEnd':
      return after < 0 || after === 10;
    case 'word':
      return isWord(before) !== isWord(after);
    case 'notWord':
      return isWord(before) === isWord(after);
    default:
      return what satisfies never;
  }
}
