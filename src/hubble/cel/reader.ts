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
    return new Reader(source, tokens).read('start');
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

  /** With a stack of its own: rules nest deeper than JavaScript's would go. */
  read(name: RuleName): Tree {
    const first = this.open(name, 0, undefined);
    const frames = [first];
    for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
      let inner: Frame | undefined;
      try {
        inner = this.step(frame);
      } catch (error) {
        if (!(error instanceof Mismatch)) throw error;
        this.recovery.recover(error, this.state, this.around);
        frame.work.length = 0;
      }
      if (inner !== undefined) {
        frames.push(inner);
      } else if (frame.work.length === 0) {
        frames.pop();
        this.close(frame, frames.at(-1));
      }
    }
    return first.node;
  }

  private open(name: RuleName, precedence: number, label: string | undefined): Frame {
    this.enter(name);
    const node = new Growing(name, this.tokens.token);
    const work: Piece[] = [{ elements: GRAMMAR[name], next: 0, loop: undefined }];
    return { name, precedence, label, node, nested: 0, work };
  }

  private close({ name, label, node, nested }: Frame, outer: Frame | undefined): void {
    for (let count = 0; count <= nested; count++) this.leave(name);
    if (outer === undefined || label === undefined) return;
    this.around.pop();
    outer.node.addTree(label, node);
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

  /** Reads the next element of a rule; gives the frame of a rule to read first. */
  private step(frame: Frame): Frame | undefined {
    const piece = frame.work.at(-1);
    const element = piece?.elements[piece.next];
    if (piece === undefined || element === undefined) {
      frame.work.pop();
      if (piece?.loop !== undefined) this.again(piece.loop, frame);
      return undefined;
    }
    piece.next++;
    this.state = element.state;
    switch (element.kind) {
      case 'token':
        this.match(element, frame.node);
        break;
      case 'rule': {
        const inner = this.open(element.name, element.precedence, element.label);
        this.around.push(STATES.after(element.state));
        return inner;
      }
      case 'optional':
        this.recovery.sync(element.state, this.around);
        if (this.begins(element.body)) push(frame, element.body);
        break;
      case 'choice': {
        const chosen = this.choose(element.choose, element.state);
        frame.node.name = element.names[chosen - 1] ?? frame.node.name;
        push(frame, element.bodies[chosen - 1] ?? []);
        break;
      }
      case 'loop':
        this.recovery.sync(element.state, this.around);
        if (element.least === 1 || this.goesOn(element, frame.precedence))
          this.turn(element, frame);
        break;
    }
    return undefined;
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

  /** Once round a loop. */
  private turn(loop: Loop, frame: Frame): void {
    const chosen = loop.choose === undefined ? 1 : this.choose(loop.choose, loop.inner);
    const part = loop.recursive[chosen - 1];
    if (part !== undefined) this.nest(frame, part.name);
    push(frame, loop.bodies[chosen - 1] ?? [], loop);
  }

  /** At the end of a turn. */
  private again(loop: Loop, frame: Frame): void {
    this.state = loop.back;
    this.recovery.sync(loop.back, this.around);
    if (this.goesOn(loop, frame.precedence)) this.turn(loop, frame);
  }

  private nest(frame: Frame, part: string): void {
    this.leave(frame.name);
    this.enter(frame.name);
    frame.nested++;
    const { node } = frame;
    frame.node = new Growing(part, node.first);
    frame.node.addTree('left', node);
  }

  private goesOn(element: Loop, precedence: number): boolean {
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

type Loop = Element & { readonly kind: 'loop' };

/** Elements in work, the next one's place, and the loop whose body they are. */
interface Piece {
  readonly elements: readonly Element[];
  next: number;
  readonly loop: Loop | undefined;
}

/** A rule in work. */
interface Frame {
  readonly name: RuleName;
  readonly precedence: number;
  /** What the rule around calls it. */
  readonly label: string | undefined;
  node: Growing;
  /** How often it became a part of a larger node of the same rule. */
  nested: number;
  /** Innermost last. */
  readonly work: Piece[];
}

function push(frame: Frame, elements: readonly Element[], loop?: Loop): void {
  frame.work.push({ elements, next: 0, loop });
}
