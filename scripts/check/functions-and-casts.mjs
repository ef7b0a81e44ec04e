// Rules about functions and casts that the linter does not have. `files` are pairs of
// name and text; each finding names the file, the line and the cure.
import { parseSync } from 'oxc-parser';

/** Lines of a function, its signature included. */
const MAX_FUNCTION_LINES = 60;

/** Functions over 60 lines without a comment `Long because …` above them. */
export function longFunctions(files) {
  return files.flatMap(([file, text]) => {
    const source = parsed(file, text);
    return source
      .find(FUNCTIONS)
      .filter(({ node }) => source.lines(node) > MAX_FUNCTION_LINES)
      .filter(({ statement }) => !/Long because/.test(source.commentAbove(statement)))
      .map(
        ({ node }) =>
          `${source.at(node)}: ${source.lines(node)} lines, at most ${MAX_FUNCTION_LINES}; split it, or say above it "Long because …"`,
      );
  });
}

/** Casts (`x as T`, but not `as const`) with no comment on their line or right above their statement. */
export function bareCasts(files) {
  return files.flatMap(([file, text]) => {
    const source = parsed(file, text);
    return source
      .find(CASTS)
      .filter(({ node }) => !isConst(node))
      .filter(
        ({ node, statement }) =>
          !source.hasCommentOn(node) && source.commentAbove(statement) === '',
      )
      .map(({ node }) => `${source.at(node)}: a cast without a reason beside it`);
  });
}

const FUNCTIONS = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression']);
const CASTS = new Set(['TSAsExpression', 'TSTypeAssertion', 'TSNonNullExpression']);

function isConst({ typeAnnotation }) {
  return typeAnnotation?.type === 'TSTypeReference' && typeAnnotation.typeName?.name === 'const';
}

function parsed(file, text) {
  const { program, comments } = parseSync(file, text);
  const starts = lineStarts(text);
  const lineOf = (offset) => lastAtMost(starts, offset);
  const commented = new Map();
  for (const { start, end, value } of comments)
    for (let line = lineOf(start); line <= lineOf(end); line++) commented.set(line, value);
  return {
    find: (types) => [...nodesOf(program, types)],
    lines: ({ start, end }) => lineOf(end) - lineOf(start) + 1,
    at: ({ start }) => `${file}:${lineOf(start) + 1}`,
    hasCommentOn: ({ start, end }) => commented.has(lineOf(start)) || commented.has(lineOf(end)),
    commentAbove: (statement) => commented.get(lineOf(statement.start) - 1) ?? '',
  };
}

/** Nodes of the types, each with the statement, member or property that it stands in. */
function* nodesOf(node, types, statement = node) {
  if (Array.isArray(node)) {
    for (const each of node) yield* nodesOf(each, types, statement);
    return;
  }
  if (node === null || typeof node !== 'object' || typeof node.type !== 'string') return;
  const inner = isStatement(node.type) ? node : statement;
  if (types.has(node.type)) yield { node, statement: inner };
  for (const value of Object.values(node))
    if (value !== null && typeof value === 'object') yield* nodesOf(value, types, inner);
}

/** Kinds of nodes that a comment may stand above. */
function isStatement(type) {
  return (
    (/Statement$|Declaration$/.test(type) && type !== 'BlockStatement') ||
    ['MethodDefinition', 'PropertyDefinition', 'Property', 'SwitchCase'].includes(type)
  );
}

function lineStarts(text) {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

/** Index of the last number that is at most `limit`, of ascending numbers. */
function lastAtMost(numbers, limit) {
  let low = 0;
  let high = numbers.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((numbers[middle] ?? 0) <= limit) low = middle;
    else high = middle - 1;
  }
  return low;
}
