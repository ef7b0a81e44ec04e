// Problems of an expression and their places: cel-go's words, except for syntax.
import { expect, test } from 'vitest';
import { checkCel } from '../../../../src/hubble/cel/compile.ts';
import { problemsOf } from '../../../support/hubble/cel-evaluate.ts';

test.each<[string, string[]]>([
  ['nope', ["1:1: undeclared reference to 'nope' (in container 'flow')"]],
  ['_flow.nope == 1', ["1:6: undefined field 'nope'"]],
  ['_flow.podName == "x"', ["1:6: undefined field 'podName'"]],
  ['_flow.uuid.x', ["1:11: type 'string' does not support field selection"]],
  ['has(_flow.nope)', ["1:4: undefined field 'nope'"]],
  ['Verdict.NOPE == 1', ["1:1: undeclared reference to 'Verdict' (in container 'flow')"]],
  [
    '_flow.source.identity == 1',
    ["1:23: found no matching overload for '_==_' applied to '(uint, int)'"],
  ],
  ['1 < 2u', ["1:3: found no matching overload for '_<_' applied to '(int, uint)'"]],
  ['1 + "a"', ["1:3: found no matching overload for '_+_' applied to '(int, string)'"]],
  ['!1', ["1:1: found no matching overload for '!_' applied to '(int)'"]],
  ['1 in 2', ["1:3: found no matching overload for '@in' applied to '(int, int)'"]],
  [
    '_flow.uuid.startsWith(1)',
    ["1:22: found no matching overload for 'startsWith' applied to 'string.(int)'"],
  ],
  ['size(1)', ["1:5: found no matching overload for 'size' applied to '(int)'"]],
  ['has(_flow.uuid, 1)', ["1:4: undeclared reference to 'has' (in container 'flow')"]],
  ['1 ? 2 : 3', ["1:3: found no matching overload for '_?_:_' applied to '(int, int, int)'"]],
  [
    '1 && true || "x"',
    ["1:1: expected type 'bool' but found 'int'", "1:14: expected type 'bool' but found 'string'"],
  ],
  [
    '1.all(x, true)',
    [
      "1:1: expression of type 'int' cannot be range of a comprehension (must be list, map, or dynamic)",
    ],
  ],
  ['[1].all(x, x)', ["1:12: expected type 'bool' but found 'int'"]],
  [
    '[1].filter(x, "a")',
    ["1:11: found no matching overload for '_?_:_' applied to '(string, list(int), list(int))'"],
  ],
  ['[1].all(x.y, true)', ['1:10: argument must be a simple name']],
  ['[1].map(1, true)', ['1:9: argument is not an identifier']],
  ['has(_flow)', ['1:5: invalid argument to has() macro']],
  ['Endpoint{nope: 1}', ["1:14: undefined field 'nope'"]],
  [
    'Endpoint{identity: 1}',
    ["1:18: expected type of field 'identity' is 'uint' but provided type is 'int'"],
  ],
  ['Nope{}', ["1:5: undeclared reference to 'Nope' (in container 'flow')"]],
  ['namespace == "x"', ['1:1: reserved identifier: namespace']],
  ['9223372036854775808 > 0', ['1:1: invalid int literal']],
  ['18446744073709551616u > 0u', ['1:1: invalid uint literal']],
  ['', ['1:0: Syntax error: found the end, expected an expression']],
  ['1 +', ['1:4: Syntax error: found the end, expected an expression']],
  ['1 + +', ["1:5: Syntax error: found '+', expected an expression"]],
  ['*@a | b', ["1:2: Syntax error: unexpected character '@'"]],
  ['a | b', ["1:3: Syntax error: unexpected character '|', the operator is '||'"]],
  ['_flow.verdict = 2', ["1:15: Syntax error: unexpected character '=', the operator is '=='"]],
  ['{"a": 1}."a"', ['1:10: Syntax error: found \'"a"\', expected a name']],
  ['_flow.', ['1:7: Syntax error: found the end, expected a name']],
  ['1.true', ["1:3: Syntax error: found 'true', expected a name"]],
  ['!', ['1:2: Syntax error: found the end, expected an expression']],
  ['!-a', ["1:2: Syntax error: found '-', expected an expression"]],
  ['-!a', ["1:2: Syntax error: found '!', expected an expression"]],
  ['- 1 in', ['1:7: Syntax error: found the end, expected an expression']],
  ['(true', ["1:6: Syntax error: found the end, expected ')'"]],
  ['true)', ["1:5: Syntax error: found ')', expected an operator or the end"]],
  ['[1 2]', ["1:4: Syntax error: found '2', expected ',' or ']'"]],
  ['{1: 2, 3}', ["1:9: Syntax error: found '}', expected ':'"]],
  ['size(1 2)', ["1:8: Syntax error: found '2', expected ',' or ')'"]],
  ['true ? 1', ["1:9: Syntax error: found the end, expected ':'"]],
  ['"a', ['1:1: Syntax error: a string without an end or with a wrong escape']],
  [
    'namespace == 2u + 99999999999999999999',
    ['1:1: reserved identifier: namespace', '1:19: invalid int literal'],
  ],
  ['for(99999999999999999999)', ['1:1: reserved identifier: for']],
  ['a.?b', ["1:2: unsupported syntax '.?'"]],
  ['a[?1]', ["1:2: unsupported syntax '[?'"]],
  [
    'google.protobuf.BoolValue{}',
    ["1:26: undeclared reference to 'google.protobuf.BoolValue' (in container 'flow')"],
  ],
  ['google.protobuf.Duration{}', ["1:25: 'google.protobuf.Duration' is not a message type"]],
  [
    'timestamp(0).getHours("UTC")',
    ["1:22: found no matching overload for 'getHours' applied to 'timestamp.(string)'"],
  ],
])('%s', (expression, expected) => {
  const lines = problemsOf(expression).split('\n');
  const problems = lines.filter((line) => line.startsWith('ERROR: <input>:'));
  expect(problems).toEqual(expected.map((line) => `ERROR: <input>:${line}`));
});

test('the place is shown under the line, by code points', () => {
  expect(problemsOf('true &&\n\t\t"é😀" == nope')).toBe(
    "ERROR: <input>:2:11: undeclared reference to 'nope' (in container 'flow')\n" +
      ' |   "é😀" == nope\n' +
      ' | ...．．.....^',
  );
});

test.each([
  ['_flow', 'got "flow.Flow", wanted "bool" result type'],
  ['1', 'got "int", wanted "bool" result type'],
  ['_flow.is_reply', 'got "wrapper(bool)", wanted "bool" result type'],
  ['dyn(true)', 'got "dyn", wanted "bool" result type'],
  ['[1]', 'got "list(int)", wanted "bool" result type'],
  ['_flow.time', 'got "google.protobuf.Timestamp", wanted "bool" result type'],
  ['null', 'got "null_type", wanted "bool" result type'],
])('%s is refused as a filter', (expression, why) => {
  expect(() => checkCel(expression)).toThrow(`error compiling CEL expression: ${why}`);
});

test('numbers of different types have an order from the first walk on', () => {
  expect(problemsOf('[1u].exists(x, x > 0) && 1 < 2.0')).toBe('');
  expect(problemsOf('1 < 2.0 && [1u].exists(x, x > 0)')).toContain(
    "1:3: found no matching overload for '_<_' applied to '(int, double)'",
  );
});
