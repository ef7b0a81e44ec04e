// What reading the tokens of an expression gives, before it means anything: a node for each rule or alternative, with
// the pieces that the grammar names. Where the input is wrong pieces are missing.
import type { Token } from './lexer.ts';

export interface Tree {
  readonly name: string;
  readonly first: Token;
  readonly tokens: Readonly<Record<string, readonly Token[]>>;
  readonly trees: Readonly<Record<string, readonly Tree[]>>;
}

/** A node that is still being read. */
export class Growing implements Tree {
  name: string;
  readonly first: Token;
  readonly tokens: Record<string, Token[]> = {};
  readonly trees: Record<string, Tree[]> = {};

  constructor(name: string, first: Token) {
    this.name = name;
    this.first = first;
  }

  addToken(label: string, token: Token): void {
    const known = this.tokens[label];
    if (known === undefined) this.tokens[label] = [token];
    else known.push(token);
  }

  addTree(label: string, tree: Tree): void {
    const known = this.trees[label];
    if (known === undefined) this.trees[label] = [tree];
    else known.push(tree);
  }
}

export function tokenOf(tree: Tree, label: string): Token | undefined {
  return tree.tokens[label]?.[0];
}

export function treeOf(tree: Tree, label: string): Tree | undefined {
  return tree.trees[label]?.[0];
}
