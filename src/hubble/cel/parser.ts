// From the tree of tokens to what an expression says: cel-go's visitor, with its complaints about what the grammar lets
// through. Where the tree lacks something there is a complaint already.
import type { Entry, Expr, FieldInit } from './ast.ts';
import { NOWHERE, type Source, UNPLACED } from './issues.ts';
import { type Token, tokenize } from './lexer.ts';
import { MAX_DEPTH, MAX_EXPRESSION } from './limits.ts';
import { bytesLiteral, doubleLiteral, intLiteral, stringLiteral, uintLiteral } from './literals.ts';
import { globalMacro, memberMacro } from './macros.ts';
import { read } from './reader.ts';
import { GaveUp } from './recovery.ts';
import { type Tree, tokenOf, treeOf } from './tree.ts';
import { Uint } from './values.ts';

const RESERVED: ReadonlySet<string> = new Set(
  'as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
);

/** Parses; whether that went well, the source knows. */
export function parse(source: Source, text: string): Expr {
  const { length } = source.points;
  if (length > MAX_EXPRESSION) {
    source.report(
      NOWHERE,
      `expression code point size exceeds limit: size: ${length}, limit ${MAX_EXPRESSION}`,
    );
    return missing(0);
  }
  const tree = read(source, tokenize(source, text));
  if (tree === undefined) return missing(0);
  try {
    return new Visitor(source).visit(tree);
  } catch (error) {
    if (error instanceof GaveUp) return missing(0);
    throw error;
  }
}

function missing(at: number): Expr {
  return { kind: 'error', at };
}

const HOLDERS: ReadonlySet<string> = new Set(
  'start relation calc member MemberExpr Nested ConstantLiteral'.split(' '),
);

/** Down to the first node that says something: brackets and rules that found no operator only hold another. */
function unnested(tree: Tree | undefined): Tree | undefined {
  let node = tree;
  while (
    node !== undefined &&
    (HOLDERS.has(node.name) ||
      (node.name === 'expr' && tokenOf(node, 'op') === undefined) ||
      (/^conditional(?:Or|And)$/.test(node.name) && tokenOf(node, 'ops') === undefined))
  )
    node = treeOf(node, 'e');
  return node;
}

class Visitor {
  private readonly source: Source;
  private depth = 0;

  constructor(source: Source) {
    this.source = source;
  }

  visit(outer: Tree | undefined): Expr {
    const tree = unnested(outer);
    if (tree === undefined) return missing(UNPLACED);
    switch (tree.name) {
      case 'expr':
        return this.conditional(tree);
      case 'conditionalOr':
        return this.logic('_||_', tree);
      case 'conditionalAnd':
        return this.logic('_&&_', tree);
      case 'Relation':
      case 'Calc':
        return this.deeper(() => this.operation(tree));
      case 'LogicalNot':
        return this.signed('!_', tree);
      case 'Negate':
        return this.signed('-_', tree);
      case 'Select':
        return this.deeper(() => this.selection(tree));
      case 'MemberCall':
        return this.deeper(() => this.memberCall(tree));
      case 'Index':
        return this.deeper(() => this.index(tree));
      case 'Ident':
        return this.ident(tree);
      case 'GlobalCall':
        return this.globalCall(tree);
      case 'CreateList':
        return this.list(tree);
      case 'CreateStruct':
        return this.map(tree);
      case 'CreateMessage':
        return this.message(tree);
      case 'unary':
        return { kind: 'literal', value: '<<error>>', at: tree.first.at };
      case 'primary':
      case 'literal':
        return missing(UNPLACED);
      default:
        return this.literal(tree);
    }
  }

  private deeper(visit: () => Expr): Expr {
    if (++this.depth > MAX_DEPTH) {
      const text = 'max recursion depth exceeded';
      this.source.report(NOWHERE, text);
      throw new GaveUp(text);
    }
    const expr = visit();
    this.depth--;
    return expr;
  }

  private problem(at: number, message: string): Expr {
    this.source.report(at, message);
    return missing(at);
  }

  private conditional(tree: Tree): Expr {
    return this.deeper(() => {
      const args = ['e', 'e1', 'e2'].map((label) => this.visit(treeOf(tree, label)));
      return { kind: 'call', name: '_?_:_', args, at: tokenOf(tree, 'op')?.at ?? UNPLACED };
    });
  }

  private logic(name: '_&&_' | '_||_', tree: Tree): Expr {
    const first = this.visit(treeOf(tree, 'e'));
    const ops = tree.tokens.ops ?? [];
    // cel-go makes a balanced tree of the terms, with the middle sign at its top.
    const op = ops[Math.floor(ops.length / 2)];
    const others = (tree.trees.e1 ?? []).map((each) => this.visit(each));
    return { kind: 'logic', name, terms: [first, ...others], at: op?.at ?? UNPLACED };
  }

  private operation(tree: Tree): Expr {
    const op = tokenOf(tree, 'op');
    if (op === undefined) return this.problem(tree.first.at, 'operator not found');
    const name = op.type === 'in' ? '@in' : `_${op.text}_`;
    const args = ['left', 'right'].map((label) => this.visit(treeOf(tree, label)));
    return { kind: 'call', name, args, at: op.at };
  }

  private signed(name: string, tree: Tree): Expr {
    const ops = tree.tokens.ops ?? [];
    const operand = this.visit(treeOf(tree, 'e'));
    const [op] = ops;
    if (op === undefined || ops.length % 2 === 0) return operand;
    return { kind: 'call', name, args: [operand], at: op.at };
  }

  private selection(tree: Tree): Expr {
    const operand = this.visit(treeOf(tree, 'left'));
    const op = tokenOf(tree, 'op');
    const id = treeOf(tree, 'id');
    if (op === undefined || id === undefined) return missing(tree.first.at);
    const field = this.fieldName(id, id.first.at);
    if (tokenOf(tree, 'opt') !== undefined) return this.problem(op.at, "unsupported syntax '.?'");
    return { kind: 'select', operand, field: field ?? '', test: false, at: op.at };
  }

  /** Names between backticks are in the grammar, but not in the language. */
  private fieldName(id: Tree, at: number): string | undefined {
    const name = tokenOf(id, 'id');
    if (id.name === 'SimpleIdentifier' && name !== undefined) return name.text;
    const isEscaped = id.name === 'EscapedIdentifier';
    this.source.report(at, isEscaped ? "unsupported syntax: '`'" : 'unsupported ident kind');
    return undefined;
  }

  private memberCall(tree: Tree): Expr {
    const target = this.visit(treeOf(tree, 'left'));
    const id = tokenOf(tree, 'id');
    if (id === undefined) return missing(tree.first.at);
    const at = tokenOf(tree, 'open')?.at ?? UNPLACED;
    const args = this.args(tree);
    return (
      memberMacro(id.text, target, args, at, this.source) ?? {
        kind: 'call',
        name: id.text,
        target,
        args,
        at,
      }
    );
  }

  private args(tree: Tree): readonly Expr[] {
    return (treeOf(tree, 'args')?.trees.e ?? []).map((each) => this.visit(each));
  }

  private index(tree: Tree): Expr {
    const target = this.visit(treeOf(tree, 'left'));
    const op = tokenOf(tree, 'op');
    if (op === undefined) return missing(tree.first.at);
    const index = this.visit(treeOf(tree, 'index'));
    if (tokenOf(tree, 'opt') !== undefined) return this.problem(op.at, "unsupported syntax '[?'");
    return { kind: 'call', name: '_[_]', args: [target, index], at: op.at };
  }

  private ident(tree: Tree): Expr {
    const id = this.identifier(tree);
    return 'kind' in id ? id : { kind: 'ident', name: id.name, at: id.token.at };
  }

  /** The name that stands alone or is called, with its dot; or what is wrong with it. */
  private identifier(tree: Tree): { readonly name: string; readonly token: Token } | Expr {
    const token = tokenOf(tree, 'id');
    if (token === undefined) return missing(tree.first.at);
    if (RESERVED.has(token.text))
      return this.problem(tree.first.at, `reserved identifier: ${token.text}`);
    const dot = tokenOf(tree, 'leadingDot') === undefined ? '' : '.';
    return { name: dot + token.text, token };
  }

  private globalCall(tree: Tree): Expr {
    const id = this.identifier(tree);
    if ('kind' in id) return id;
    const at = tokenOf(tree, 'op')?.at ?? UNPLACED;
    const args = this.args(tree);
    return globalMacro(id.name, args, at, this.source) ?? { kind: 'call', name: id.name, args, at };
  }

  private list(tree: Tree): Expr {
    const elements = (treeOf(tree, 'elems')?.trees.elems ?? []).map((each) => {
      const element = this.visit(treeOf(each, 'e'));
      const opt = tokenOf(each, 'opt');
      if (opt !== undefined) this.problem(opt.at, "unsupported syntax '?'");
      return element;
    });
    return { kind: 'list', elements, at: tokenOf(tree, 'op')?.at ?? UNPLACED };
  }

  private map(tree: Tree): Expr {
    const at = tokenOf(tree, 'op')?.at ?? UNPLACED;
    const list = treeOf(tree, 'entries');
    const entries: Entry[] = [];
    for (const [index, column] of (list?.tokens.cols ?? []).entries()) {
      const key = list?.trees.keys?.[index];
      const value = list?.trees.values?.[index];
      if (key === undefined || value === undefined) return { kind: 'map', entries: [], at };
      if (tokenOf(key, 'opt') !== undefined) {
        this.problem(key.first.at, "unsupported syntax '?'");
        continue;
      }
      const given = this.visit(treeOf(key, 'e'));
      entries.push({ key: given, value: this.visit(value), at: column.at });
    }
    return { kind: 'map', entries, at };
  }

  private message(tree: Tree): Expr {
    const dot = tokenOf(tree, 'leadingDot') === undefined ? '' : '.';
    const type = dot + (tree.tokens.ids ?? []).map(({ text }) => text).join('.');
    const at = tokenOf(tree, 'op')?.at ?? UNPLACED;
    const fields: FieldInit[] = [];
    const list = treeOf(tree, 'entries');
    for (const [index, field] of (list?.trees.fields ?? []).entries()) {
      const column = list?.tokens.cols?.[index];
      const value = list?.trees.values?.[index];
      if (list === undefined || column === undefined || value === undefined)
        return { kind: 'struct', type, fields: [], at };
      if (tokenOf(field, 'opt') !== undefined) {
        this.problem(field.first.at, "unsupported syntax '?'");
        continue;
      }
      const id = treeOf(field, 'id');
      const name = id && this.fieldName(id, list.first.at);
      if (name !== undefined) fields.push({ name, value: this.visit(value), at: column.at });
    }
    return { kind: 'struct', type, fields, at };
  }

  private literal(tree: Tree): Expr {
    const token = tokenOf(tree, 'tok');
    const { at } = tree.first;
    if (token === undefined) return missing(UNPLACED);
    const { text } = token;
    const negative = tokenOf(tree, 'sign') !== undefined;
    switch (tree.name) {
      case 'Int': {
        const value = intLiteral(text, negative);
        if (value === undefined) return this.problem(at, 'invalid int literal');
        return { kind: 'literal', value, at };
      }
      case 'Uint': {
        const value = uintLiteral(text);
        if (value === undefined) return this.problem(at, 'invalid uint literal');
        return { kind: 'literal', value: new Uint(value), at };
      }
      case 'Double': {
        const value = doubleLiteral(text, negative);
        if (value === undefined) return this.problem(at, 'invalid double literal');
        return { kind: 'literal', value, at };
      }
      case 'String': {
        const value = stringLiteral(text);
        if (value === undefined) return this.problem(at, 'invalid unicode code point');
        return { kind: 'literal', value, at };
      }
      case 'Bytes': {
        const value = bytesLiteral(text);
        if (value === undefined) return this.problem(at, 'unable to unescape string');
        return { kind: 'literal', value, at };
      }
      case 'Null':
        return { kind: 'literal', value: null, at };
      default:
        return { kind: 'literal', value: tree.name === 'BoolTrue', at };
    }
  }
}
