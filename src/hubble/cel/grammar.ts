// CEL's grammar as data, in the shape ANTLR gives it: left recursion is a loop with precedences, and every place where
// the parse may turn has a state of its own, because what cel-go says about wrong input depends on those states.

import type { TokenType } from './lexer.ts';
import { type Element, loop, oneOf, optional, part, rule, token } from './states.ts';

export type RuleName =
  | 'start'
  | 'expr'
  | 'conditionalOr'
  | 'conditionalAnd'
  | 'relation'
  | 'calc'
  | 'unary'
  | 'member'
  | 'primary'
  | 'exprList'
  | 'listInit'
  | 'fieldInitializerList'
  | 'optField'
  | 'mapInitializerList'
  | 'escapeIdent'
  | 'optExpr'
  | 'literal';

/** The type of the token so many further on; 0 is the present one. */
export type Ahead = (count: number) => TokenType;

const IDENT = 'IDENTIFIER';
const RELATIONS: readonly TokenType[] = ['==', '!=', 'in', '<', '<=', '>=', '>'];
const PRODUCTS: readonly TokenType[] = ['*', '/', '%'];
const SUMS: readonly TokenType[] = ['+', '-'];
const LITERALS: readonly TokenType[] = [
  ...(['true', 'false', 'null', 'NUM_FLOAT', 'NUM_INT', 'NUM_UINT', 'STRING', 'BYTES'] as const),
];
/** What an expression begins with, signs aside. */
const OPERANDS: readonly TokenType[] = ['[', '{', '(', '.', ...LITERALS, IDENT];
const STARTERS: readonly TokenType[] = [...OPERANDS, '-', '!'];

const args = () => optional([rule('exprList', 'args')]);
const lastComma = () => optional([token(',')]);
const isNumber = (type: TokenType) => type === 'NUM_INT' || type === 'NUM_FLOAT';

/** Whether a list goes on behind a comma, or the comma is the last. */
const another =
  (starters: readonly TokenType[]) =>
  (ahead: Ahead): number =>
    ahead(0) === ',' && starters.includes(ahead(1)) ? 1 : 2;

/** A choice by the present token alone. */
const byFirst =
  (...sets: readonly (readonly TokenType[])[]) =>
  (ahead: Ahead): number =>
    sets.findIndex((set) => set.includes(ahead(0))) + 1;

// A number with a sign is a literal, other signs are operators. What may follow none is known one token later.
function unaryChoice(ahead: Ahead): number {
  if (ahead(0) === '!') return 2;
  if (ahead(0) !== '-') return OPERANDS.includes(ahead(0)) ? 1 : 0;
  if (isNumber(ahead(1))) return 1;
  return ahead(1) === '-' || OPERANDS.includes(ahead(1)) ? 3 : -1;
}

function signChoice(ahead: Ahead): number {
  if (ahead(0) !== '-') return OPERANDS.includes(ahead(0)) ? 2 : 0;
  return ahead(1) === '-' || OPERANDS.includes(ahead(1)) ? 1 : -1;
}

function memberChoice(ahead: Ahead): number {
  if (ahead(0) === '[') return 3;
  if (ahead(1) === IDENT) return ahead(2) === '(' ? 2 : 1;
  return ahead(1) === '?' || ahead(1) === 'ESC_IDENTIFIER' ? 1 : -1;
}

const IDENT_CHOICE = { name: 1, call: 2, message: 6 } as const;

// `a.b.c {` is a message, `a.b.c` a name and selections of it.
function primaryChoice(ahead: Ahead): number {
  const first = ahead(0);
  const bracket = ['(', '[', '{'].indexOf(first);
  if (bracket >= 0) return bracket + 3;
  if (first === '-' || LITERALS.includes(first)) return 7;
  let at = first === '.' ? 1 : 0;
  if (ahead(at) !== IDENT) return first === '.' ? -1 : 0;
  at++;
  if (ahead(at) === '(') return IDENT_CHOICE.call;
  while (ahead(at) === '.' && ahead(at + 1) === IDENT) at += 2;
  return ahead(at) === '{' ? IDENT_CHOICE.message : IDENT_CHOICE.name;
}

function literalChoice(ahead: Ahead): number {
  switch (ahead(0)) {
    case '-':
      return ahead(1) === 'NUM_INT' ? 1 : ahead(1) === 'NUM_FLOAT' ? 3 : -1;
    case 'NUM_FLOAT':
      return 3;
    default:
      return (
        ['NUM_INT', 'NUM_UINT', '', 'STRING', 'BYTES', 'true', 'false', 'null'].indexOf(ahead(0)) +
        1
      );
  }
}

const leadingDot = () => optional([token('.', 'leadingDot')]);
const sign = () => optional([token('-', 'sign')]);

/** Each rule's elements; a rule whose loop has precedences is left-recursive. */
export const GRAMMAR: Readonly<Record<RuleName, readonly Element[]>> = {
  start: [rule('expr', 'e'), token('<EOF>')],
  expr: [
    rule('conditionalOr', 'e'),
    optional([token('?', 'op'), rule('conditionalOr', 'e1'), token(':'), rule('expr', 'e2')]),
  ],
  conditionalOr: [
    rule('conditionalAnd', 'e'),
    loop([[token('||', 'ops'), rule('conditionalAnd', 'e1')]]),
  ],
  conditionalAnd: [rule('relation', 'e'), loop([[token('&&', 'ops'), rule('relation', 'e1')]])],
  relation: [
    rule('calc', 'e'),
    loop([[token(RELATIONS, 'op'), rule('relation', 'right', 2)]], {
      recursive: [part('Relation', 1, RELATIONS)],
    }),
  ],
  calc: [
    rule('unary', 'e'),
    loop(
      [
        [token(PRODUCTS, 'op'), rule('calc', 'right', 3)],
        [token(SUMS, 'op'), rule('calc', 'right', 2)],
      ],
      {
        recursive: [part('Calc', 2, PRODUCTS), part('Calc', 1, SUMS)],
        choose: byFirst(PRODUCTS, SUMS),
      },
    ),
  ],
  unary: [
    oneOf(
      {
        MemberExpr: [rule('member', 'e')],
        LogicalNot: [loop([[token('!', 'ops')]], { least: 1 }), rule('member', 'e')],
        Negate: [loop([[token('-', 'ops')]], { least: 1, goOn: signChoice }), rule('member', 'e')],
      },
      unaryChoice,
    ),
  ],
  member: [
    rule('primary', 'e'),
    loop(
      [
        [token('.', 'op'), optional([token('?', 'opt')]), rule('escapeIdent', 'id')],
        [token('.', 'op'), token(IDENT, 'id'), token('(', 'open'), args(), token(')')],
        [token('[', 'op'), optional([token('?', 'opt')]), rule('expr', 'index'), token(']')],
      ],
      {
        recursive: [
          part('Select', 3, ['.']),
          part('MemberCall', 2, ['.']),
          part('Index', 1, ['[']),
        ],
        choose: memberChoice,
      },
    ),
  ],
  primary: [
    oneOf(
      {
        Ident: [leadingDot(), token(IDENT, 'id')],
        GlobalCall: [leadingDot(), token(IDENT, 'id'), token('(', 'op'), args(), token(')')],
        Nested: [token('('), rule('expr', 'e'), token(')')],
        CreateList: [
          token('[', 'op'),
          optional([rule('listInit', 'elems')]),
          lastComma(),
          token(']'),
        ],
        CreateStruct: [
          token('{', 'op'),
          optional([rule('mapInitializerList', 'entries')]),
          lastComma(),
          token('}'),
        ],
        CreateMessage: [
          leadingDot(),
          token(IDENT, 'ids'),
          loop([[token('.', 'ops'), token(IDENT, 'ids')]]),
          token('{', 'op'),
          optional([rule('fieldInitializerList', 'entries')]),
          lastComma(),
          token('}'),
        ],
        ConstantLiteral: [rule('literal', 'e')],
      },
      primaryChoice,
    ),
  ],
  exprList: [rule('expr', 'e'), loop([[token(','), rule('expr', 'e')]])],
  listInit: [
    rule('optExpr', 'elems'),
    loop([[token(','), rule('optExpr', 'elems')]], { goOn: another([...STARTERS, '?']) }),
  ],
  fieldInitializerList: [
    rule('optField', 'fields'),
    token(':', 'cols'),
    rule('expr', 'values'),
    loop([[token(','), rule('optField', 'fields'), token(':', 'cols'), rule('expr', 'values')]], {
      goOn: another(['?', IDENT, 'ESC_IDENTIFIER']),
    }),
  ],
  optField: [optional([token('?', 'opt')]), rule('escapeIdent', 'id')],
  mapInitializerList: [
    rule('optExpr', 'keys'),
    token(':', 'cols'),
    rule('expr', 'values'),
    loop([[token(','), rule('optExpr', 'keys'), token(':', 'cols'), rule('expr', 'values')]], {
      goOn: another([...STARTERS, '?']),
    }),
  ],
  escapeIdent: [
    oneOf(
      {
        SimpleIdentifier: [token(IDENT, 'id')],
        EscapedIdentifier: [token('ESC_IDENTIFIER', 'id')],
      },
      byFirst([IDENT], ['ESC_IDENTIFIER']),
    ),
  ],
  optExpr: [optional([token('?', 'opt')]), rule('expr', 'e')],
  literal: [
    oneOf(
      {
        Int: [sign(), token('NUM_INT', 'tok')],
        Uint: [token('NUM_UINT', 'tok')],
        Double: [sign(), token('NUM_FLOAT', 'tok')],
        String: [token('STRING', 'tok')],
        Bytes: [token('BYTES', 'tok')],
        BoolTrue: [token('true', 'tok')],
        BoolFalse: [token('false', 'tok')],
        Null: [token('null', 'tok')],
      },
      literalChoice,
    ),
  ],
};
