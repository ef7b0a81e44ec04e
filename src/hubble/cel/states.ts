// The states of a grammar and what may come next in each: the part of ANTLR's machine that its messages and its
// recovery from wrong input are made of. Choices are made by the grammar itself, so no prediction is needed here.
import type { Ahead, RuleName } from './grammar.ts';
import type { TokenType } from './lexer.ts';

/** `block` and `entry` try to delete a token before they give up, `back` skips to what it can go on with. */
type StateKind = 'plain' | 'block' | 'entry' | 'back' | 'end';

export interface State {
  readonly kind: StateKind;
  readonly edges: Edge[];
}

/** Over a token, into a rule and on behind it, or for free. */
type Edge =
  | { readonly tokens: readonly TokenType[]; readonly to: State }
  | { readonly rule: RuleName; readonly to: State }
  | { readonly to: State };

/** What is read in one alternative of a left-recursive loop: a node's name, its precedence, its operators. */
export interface Part {
  readonly name: string;
  readonly precedence: number;
  readonly tokens: readonly TokenType[];
}

/** Of a choice: the alternative from 1 on, 0 when the present token fits none, -1 when the next one does not. */
export type Choose = (ahead: Ahead) => number;

export type Element =
  | {
      readonly kind: 'token';
      readonly types: readonly TokenType[];
      readonly label?: string | undefined;
      readonly state: State;
    }
  | {
      readonly kind: 'rule';
      readonly name: RuleName;
      readonly label: string;
      readonly precedence: number;
      readonly state: State;
    }
  | { readonly kind: 'optional'; readonly body: readonly Element[]; readonly state: State }
  | {
      readonly kind: 'choice';
      readonly names: readonly string[];
      readonly bodies: readonly (readonly Element[])[];
      readonly choose: Choose;
      readonly state: State;
    }
  | {
      readonly kind: 'loop';
      readonly bodies: readonly (readonly Element[])[];
      readonly least: 0 | 1;
      readonly recursive: readonly Part[];
      readonly choose: Choose | undefined;
      /** 1 to go round, 2 to end, 0 and -1 as in a choice. */
      readonly goOn: Choose | undefined;
      readonly state: State;
      readonly inner: State;
      readonly back: State;
    };

const state = (kind: StateKind = 'plain'): State => ({ kind, edges: [] });

export function token(types: TokenType | readonly TokenType[], label?: string): Element {
  return {
    kind: 'token',
    types: typeof types === 'string' ? [types] : types,
    label,
    state: state(),
  };
}

export function rule(name: RuleName, label: string, precedence = 0): Element {
  return { kind: 'rule', name, label, precedence, state: state() };
}

export function optional(body: readonly Element[]): Element {
  return { kind: 'optional', body, state: state('block') };
}

export function oneOf(
  alternatives: Readonly<Record<string, readonly Element[]>>,
  choose: Choose,
): Element {
  return {
    kind: 'choice',
    names: Object.keys(alternatives),
    bodies: Object.values(alternatives),
    choose,
    state: state('block'),
  };
}

export function part(name: string, precedence: number, tokens: readonly TokenType[]): Part {
  return { name, precedence, tokens };
}

interface LoopOptions {
  readonly least?: 0 | 1;
  readonly recursive?: readonly Part[];
  readonly choose?: Choose;
  readonly goOn?: Choose;
}

export function loop(bodies: readonly (readonly Element[])[], options: LoopOptions = {}): Element {
  const { least = 0, recursive = [], choose, goOn } = options;
  return {
    kind: 'loop',
    bodies,
    least,
    recursive,
    choose,
    goOn,
    state: state(least === 1 ? 'block' : 'entry'),
    inner: state('block'),
    back: state('back'),
  };
}

/** Token types, and whether the end of the rule can be reached without one. */
export interface Next {
  readonly tokens: ReadonlySet<TokenType>;
  readonly ends: boolean;
}

/** The states of all rules, joined. */
export class States {
  private readonly first = new Map<RuleName, State>();
  private readonly known = new Map<State, Next>();
  private readonly behind = new Map<State, State>();

  constructor(grammar: Readonly<Record<RuleName, readonly Element[]>>) {
    for (const [name, elements] of Object.entries(grammar)) {
      const end = state('end');
      // The keys of the record are the names.
      this.first.set(name as RuleName, this.sequence(elements, end));
    }
  }

  /** Joins elements so that the last goes on to `end`; where they begin. */
  private sequence(elements: readonly Element[], end: State): State {
    return elements.reduceRight((next, element) => this.join(element, next), end);
  }

  private join(element: Element, next: State): State {
    this.behind.set(element.state, next);
    const { edges } = element.state;
    switch (element.kind) {
      case 'token':
        edges.push({ tokens: element.types, to: next });
        break;
      case 'rule':
        edges.push({ rule: element.name, to: next });
        break;
      case 'optional':
        edges.push({ to: this.sequence(element.body, next) }, { to: next });
        break;
      case 'choice':
        for (const body of element.bodies) edges.push({ to: this.sequence(body, next) });
        break;
      case 'loop': {
        const { inner, back, least } = element;
        for (const body of element.bodies) inner.edges.push({ to: this.sequence(body, back) });
        back.edges.push({ to: inner }, { to: next });
        edges.push({ to: inner });
        if (least === 0) edges.push({ to: next });
        break;
      }
    }
    return element.state;
  }

  /** Where an element goes on when it is done. */
  after(element: State): State {
    const next = this.behind.get(element);
    if (next === undefined) throw new TypeError('a state of no element');
    return next;
  }

  next(from: State): Next {
    const known = this.known.get(from);
    if (known !== undefined) return known;
    const tokens = new Set<TokenType>();
    const ends = this.look(from, tokens, new Set());
    const next = { tokens, ends };
    this.known.set(from, next);
    return next;
  }

  private look(from: State, tokens: Set<TokenType>, seen: Set<State>): boolean {
    if (from.kind === 'end') return true;
    if (seen.has(from)) return false;
    seen.add(from);
    let ends = false;
    for (const edge of from.edges) {
      if ('tokens' in edge) for (const type of edge.tokens) tokens.add(type);
      else if (!('rule' in edge)) ends = this.look(edge.to, tokens, seen) || ends;
      else if (this.lookInto(edge.rule, tokens)) ends = this.look(edge.to, tokens, seen) || ends;
    }
    return ends;
  }

  private lookInto(name: RuleName, tokens: Set<TokenType>): boolean {
    const first = this.first.get(name);
    if (first === undefined) throw new TypeError(`no rule ${name}`);
    const next = this.next(first);
    for (const type of next.tokens) tokens.add(type);
    return next.ends;
  }
}
