// Reads the tokens of an expression by CEL's grammar, step by step as ANTLR's generated parsers do.
import { GRAMMAR, type RuleName } from './grammar.ts';
import { NOWHERE, type Source } from './issues.ts';
import type { Tokens } from './lexer.ts';
import { MAX_DEPTH } from './limits.ts';
import { GaveUp, Mismatch, Recovery } from './recovery.ts';
import { type Choose, type Element, type State, States } from './states.ts';
import { Growing, type Tree } from './tree.ts';

const STATES = new States(GRAMMAR);

/** The tree of all tokens; undefined when reading was given up. Problems are reported to the source. */
export function read(source: Source, tokens: Tokens): Tree | undefined {
  try {
    return new Reader(source, tokens).rule('start', 0);
  } catch (error) {
    if (error instanceof GaveUp) return undefined;
    throw error;
  }
}

class Reader {
  private readonly source: Source;
  private readonly tokens: Tokens;
  private readonly recovery: Recovery;
  private readonly around: State[] = [];
  private readonly depths = new Map<RuleName, number>();
  /** Where the present rule stands: what recovery is told when it fails. */
  private state: State = { kind: 'plain', edges: [] };

  constructor(source: Source, tokens: Tokens) {
    this.source = source;
    this.tokens = tokens;
    this.recovery = new Recovery(source, tokens, STATES);
  }

  rule(name: RuleName, precedence: number): Tree {
    this.enter(name);
    const holder: Holder = { node: new Growing(name, this.tokens.token), nested: 0 };
    try {
      this.all(GRAMMAR[name], holder, name, precedence);
    } catch (error) {
      if (!(error instanceof Mismatch)) throw error;
      this.recovery.recover(error, this.state, this.around);
    }
    for (let count = 0; count <= holder.nested; count++) this.leave(name);
    return holder.node;
  }

  /** Counts as cel-go does: a loop of a left-recursive rule leaves more often than it enters. */
  private enter(name: RuleName): void {
    const depth = (this.depths.get(name) ?? 0) + 1;
    if (depth > MAX_DEPTH) {
      const text = `expression recursion limit exceeded: ${MAX_DEPTH}`;
      this.source.report(NOWHERE, text);
      throw new GaveUp(text);
    }
    this.depths.set(name, depth);
  }

  private leave(name: RuleName): void {
    this.depths.set(name, Math.max(0, (this.depths.get(name) ?? 0) - 1));
  }

  private all(
    elements: readonly Element[],
    holder: Holder,
    name: RuleName,
    precedence: number,
  ): void {
    for (const element of elements) {
      this.state = element.state;
      switch (element.kind) {
        case 'token':
          this.match(element, holder.node);
          break;
        case 'rule': {
          this.around.push(STATES.after(element.state));
          const tree = this.rule(element.name, element.precedence);
          this.around.pop();
          holder.node.addTree(element.label, tree);
          break;
        }
        case 'optional':
          this.recovery.sync(element.state, this.around);
          if (this.begins(element.body)) this.all(element.body, holder, name, precedence);
          break;
        case 'choice': {
          const chosen = this.choose(element.choose, element.state);
          holder.node.name = element.names[chosen - 1] ?? holder.node.name;
          this.all(element.bodies[chosen - 1] ?? [], holder, name, precedence);
          break;
        }
        case 'loop':
          this.loop(element, holder, name, precedence);
          break;
      }
    }
  }

  private match(element: Element & { readonly kind: 'token' }, node: Growing): void {
    const { types, label, state } = element;
    const [type] = types;
    let { token } = this.tokens;
    if (types.includes(token.type)) {
      this.recovery.matched();
      this.tokens.take();
    } else if (type !== undefined) {
      token = this.recovery.inline(type, state, this.around);
    }
    if (label !== undefined) node.addToken(label, token);
  }

  private loop(
    element: Element & { readonly kind: 'loop' },
    holder: Holder,
    name: RuleName,
    precedence: number,
  ): void {
    const { bodies, recursive, choose, inner, back } = element;
    this.recovery.sync(element.state, this.around);
    let first = element.least === 1;
    while (first || this.goesOn(element, precedence)) {
      first = false;
      const chosen = choose === undefined ? 1 : this.choose(choose, inner);
      const part = recursive[chosen - 1];
      if (part !== undefined) this.nest(holder, part.name, name);
      this.all(bodies[chosen - 1] ?? [], holder, name, precedence);
      this.state = back;
      this.recovery.sync(back, this.around);
    }
  }

  private nest(holder: Holder, part: string, name: RuleName): void {
    this.leave(name);
    this.enter(name);
    holder.nested++;
    const { node } = holder;
    holder.node = new Growing(part, node.first);
    holder.node.addTree('left', node);
  }

  private goesOn(element: Element & { readonly kind: 'loop' }, precedence: number): boolean {
    const type = this.tokens.type(0);
    const { recursive, goOn, bodies } = element;
    if (recursive.length > 0)
      return recursive.some((part) => part.precedence >= precedence && part.tokens.includes(type));
    if (goOn !== undefined) return this.decided(goOn) === 1;
    return this.begins(bodies[0] ?? []);
  }

  private begins([first]: readonly Element[]): boolean {
    return first !== undefined && STATES.next(first.state).tokens.has(this.tokens.type(0));
  }

  private choose(choose: Choose, state: State): number {
    this.state = state;
    this.recovery.sync(state, this.around);
    return this.decided(choose);
  }

  private decided(choose: Choose): number {
    const chosen = choose((count) => this.tokens.type(count));
    if (chosen > 0) return chosen;
    throw this.recovery.noAlternative(chosen === 0 ? this.tokens.token : this.tokens.ahead(1));
  }
}

interface Holder {
  node: Growing;
  /** How often it became a part of a larger node of the same rule. */
  nested: number;
}
