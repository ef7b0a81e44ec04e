// What expressions mean, by CEL's language definition and, where that leaves a choice, as cel-go has it.
import { describe, expect, test } from 'vitest';
import { evaluate, typeOf } from '../../../support/hubble/cel-evaluate.ts';

/** Each of the lines is an expression that is true. */
function holds(lines: string): string[] {
  return lines
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

describe.each<[string, string]>([
  [
    'literals',
    String.raw`
    1 == 1 && -1 < 0 && 0x10 == 16 && -0x1 == -1 && 0xFFu == 255u
    1.5e3 == 1500.0 && .5 == 0.5 && -2.5 < -2.0
    -9223372036854775808 < 0 && 9223372036854775807 > 0
    "a" == 'a' && """a"b""" == "a\"b" && '''it's''' == "it's"
    "\x41\u00e9\U0001F600\101\n" == "Aé😀A" + "\n"
    r"\d" == "\\d" && R'\n' == "\\n"
    b"\xff" != b"ÿ" && b"é" == bytes("é") && size(b"é") == 2
    null == null && true && !false
    [1, 2] == [1, 2] && [] == [] && {"a": 1}["a"] == 1 && {} == {}
    [1, 2,][1] == 2 && {1: "x",}[1] == "x"
    true // a comment
  `,
  ],
  [
    'precedence',
    `
    1 + 2 * 3 == 7 && (1 + 2) * 3 == 9 && 7 - 2 - 1 == 4 && 8 / 4 / 2 == 1
    !false && true && - - 1 == 1 && !!true && --1 == 1
    true || false && false
    (false ? 1 : true ? 2 : 3) == 2
    1 < 2 == true && 1 in [1] == true
    -[1][0] == -1 && -{"a": 2}.a == -2
  `,
  ],
  [
    'numbers',
    `
    7 / 2 == 3 && -7 / 2 == -3 && 7 % 3 == 1 && -7 % 3 == -1 && 7u / 2u == 3u && 7u % 3u == 1u
    1.0 / 0.0 > 1e308 && -1.0 / 0.0 < 0.0 && !(0.0 / 0.0 == 0.0 / 0.0)
    9223372036854775806 + 1 == 9223372036854775807
    18446744073709551614u + 1u == 18446744073709551615u
    dyn(1) == 1u && dyn(1u) == 1.0 && dyn(1) == 1.0 && dyn(1) != 1.5 && dyn(1) != "1"
    dyn(1) < 2u && dyn(-1) < 0u && dyn(2.5) > 2 && dyn(9007199254740993) == 9007199254740992.0
    dyn(18446744073709551615u) > 9223372036854775807
    0.0 == -0.0 && 1.0 / 0.0 > 1.0
  `,
  ],
  [
    'conversions',
    `
    int("42") == 42 && int(-1.9) == -1 && int(7u) == 7 && int(timestamp(5)) == 5
    uint("42") == 42u && uint(1.9) == 1u && uint(7) == 7u
    double("1.5") == 1.5 && double(2) == 2.0 && double(3u) == 3.0 && double("-inf") < 0.0
    string(1) == "1" && string(1u) == "1" && string(true) == "true" && string(b"abc") == "abc"
    string(1.5) == "1.5" && string(1e6) == "1e+06" && string(123456.0) == "123456" && string(-0.00001) == "-1e-05"
    bool("true") && bool("T") && bool("1") && !bool("False") && bool(true)
    bytes("a") == b"a" && bytes(b"a") == b"a"
    string(duration("90m")) == "5400s" && string(duration("-1.5s")) == "-1.5s"
    string(timestamp("2026-03-14T10:00:00.120Z")) == "2026-03-14T10:00:00.12Z"
    int(duration("2us")) == 2000
  `,
  ],
  [
    'texts',
    `
    "abc".contains("b") && "abc".startsWith("ab") && "abc".endsWith("bc") && "".contains("")
    size("é😀") == 2 && "é😀".size() == 2 && size("") == 0
    "a" < "b" && "a" < "aa" && "B" < "a" && "\\uffff" < "😀"
    "ab" + "cd" == "abcd" && b"a" + b"b" == b"ab" && b"a" < b"b" && size(b"abc") == 3
    "hubble".matches("^h.*e$") && "hubble".matches("ubb") && matches("a1", "[a-z][0-9]")
    !"a\\nb".matches("a.b") && "a\\nb".matches("(?s)a.b") && "É".matches("(?i)é")
  `,
  ],
  [
    'lists and maps',
    `
    1 in [1, 2] && !(3 in [1, 2]) && "a" in {"a": 1} && !("b" in {"a": 1})
    [1] + [2, 3] == [1, 2, 3] && size([1, 2]) == 2 && {"a": 1}.size() == 1
    [1, "a", true][1] == "a" && [[1], [2]][1][0] == 2
    {"a": {"b": 1}}.a.b == 1 && has({"a": 1}.a) && !has({"a": 1}.b)
    {1: "x"}[dyn(1u)] == "x" && {1u: "x"}[dyn(1.0)] == "x" && dyn(1u) in {1: 2} && dyn(1.0) in [1]
    {"a": 1, "b": 2} == {"b": 2, "a": 1} && {"a": 1} != {"a": 2} && {"a": 1} != {"b": 1}
    [1] != [1, 2] && [dyn(1)] == [1u] && [null] == [null]
  `,
  ],
  [
    'macros',
    `
    [1, 2, 3].all(x, x > 0) && ![1, 2].all(x, x > 1) && [].all(x, false)
    [1, 2].exists(x, x == 2) && ![].exists(x, true) && [1, 2].exists_one(x, x == 2) && ![2, 2].exists_one(x, x == 2)
    [1, 2, 3].map(x, x * 2) == [2, 4, 6] && [1, 2, 3].map(x, x > 1, x + 1) == [3, 4] && [1, 2, 3].filter(x, x > 1) == [2, 3]
    {"a": 1, "b": 2}.all(k, k < "c") && {"a": 1}.exists(k, {"a": 1}[k] == 1) && {"a": 1, "b": 2}.map(k, k) == ["a", "b"]
    [1, 2].all(x, [3, 4].exists(y, y == x + 2)) && [[1, 2], [3]].map(l, l.map(x, x + 1)) == [[2, 3], [4]]
    [1, 2].exists(x, [x].all(x, x == 2)) && [1].map(x, [x, x].map(x, x + x)) == [[2, 2]]
    [0, 1].exists(x, 1 / x == 1) && ![0, 2].all(x, 4 / x == 1)
  `,
  ],
  [
    'what fails is done without where it can be',
    `
    true || 1 / 0 == 0
    1 / 0 == 0 || true
    !(false && 1 / 0 == 0)
    !(1 / 0 == 0 && false)
    true ? true : 1 / 0 == 0
    1 / 0 == 0 || [1][5] == 1 || true
  `,
  ],
  [
    'types',
    `
    type(1) == int && type(1u) == uint && type(1.0) == double && type("") == string && type(b"") == bytes
    type(true) == bool && type(null) == null_type && type([]) == list && type({}) == map && type(int) == type
    type(timestamp(0)) == google.protobuf.Timestamp && type(duration("1s")) == google.protobuf.Duration
    type(_flow) == Flow && type(_flow.source) == flow.Endpoint && type(_flow.verdict) == int
    type(dyn(1)) == int && type([1].map(x, x)) == list
  `,
  ],
  [
    'time',
    `
    timestamp("2026-03-14T10:00:00Z") < timestamp("2026-03-14T10:00:00.000000001Z")
    timestamp("2026-03-14T10:00:00+02:00") == timestamp("2026-03-14T08:00:00Z")
    timestamp("2026-03-14T10:00:00Z") + duration("24h") == timestamp("2026-03-15T10:00:00Z")
    timestamp("2026-03-14T10:00:00Z") - timestamp("2026-03-14T09:00:00Z") == duration("1h")
    duration("1h") + duration("30m") == duration("90m") && duration("1h") - duration("2h") < duration("0s")
    timestamp("2026-03-14T10:20:30.456Z").getFullYear() == 2026 && timestamp("2026-03-14T10:20:30Z").getMonth() == 2
    timestamp("2026-03-14T10:20:30Z").getDate() == 14 && timestamp("2026-03-14T10:20:30Z").getDayOfMonth() == 13
    timestamp("2026-03-14T10:20:30Z").getDayOfWeek() == 6 && timestamp("2026-03-14T10:20:30Z").getDayOfYear() == 72
    timestamp("2026-03-14T10:20:30.456Z").getHours() == 10 && timestamp("2026-03-14T10:20:30.456Z").getMinutes() == 20
    timestamp("2026-03-14T10:20:30.456Z").getSeconds() == 30 && timestamp("2026-03-14T10:20:30.456Z").getMilliseconds() == 456
    timestamp("1960-01-01T00:00:00.5Z").getMilliseconds() == 500 && timestamp("0001-01-01T00:00:00Z").getFullYear() == 1
    duration("3h20m").getHours() == 3 && duration("3h20m").getMinutes() == 200 && duration("2s").getMilliseconds() == 2000
  `,
  ],
  [
    'an empty flow',
    `
    _flow.verdict == Verdict.VERDICT_UNKNOWN && _flow.verdict == flow.Verdict.VERDICT_UNKNOWN && _flow.verdict == 0
    _flow.source.identity == 0u && _flow.l7.http.headers == [] && _flow.uuid == "" && !_flow.reply
    !has(_flow.source) && !has(_flow.source.identity) && !has(_flow.source.labels) && !has(_flow.is_reply) && !has(_flow.verdict)
    _flow.is_reply == null && _flow.time == timestamp(0) && !has(_flow.time) && _flow.socket_cookie == 0u
    _flow.source == Endpoint{} && _flow == Flow{}
  `,
  ],
])('%s', (_, lines) => {
  test.each(holds(lines))('%s', (expression) => {
    expect(evaluate(expression)).toBe(true);
  });
});

const FLOW = {
  verdict: 2,
  time: { seconds: 1_773_482_400n, nanos: 5 },
  source: { identity: 7, labels: ['k8s:app=x', 'reserved:host'], workloads: [{ name: 'w' }] },
  destination: {},
  l4: { TCP: { destination_port: 443, flags: { SYN: true } } },
  is_reply: false,
  socket_cookie: 2n ** 64n - 1n,
  event_type: { type: -3 },
  l7: { latency_ns: 5n },
};

test.each(
  holds(`
  _flow.verdict == Verdict.DROPPED && Verdict.DROPPED == 2 && has(_flow.verdict)
  has(_flow.source) && has(_flow.destination) && !has(_flow.destination.identity) && _flow.source.identity == 7u
  has(_flow.l4.TCP) && !has(_flow.l4.UDP) && _flow.l4.UDP.source_port == 0u && _flow.l4.TCP.flags.SYN
  has(_flow.is_reply) && _flow.is_reply == false && !_flow.is_reply
  _flow.source.labels.exists(l, l.startsWith("k8s:")) && size(_flow.source.labels) == 2 && "reserved:host" in _flow.source.labels
  _flow.source.workloads[0].name == "w" && _flow.source.workloads.exists(w, has(w.name) && !has(w.kind))
  _flow.socket_cookie == 18446744073709551615u && _flow.event_type.type == -3
  _flow.time == timestamp("2026-03-14T10:00:00.000000005Z") && _flow.time > timestamp("2026-01-01T00:00:00Z")
  _flow.source == Endpoint{identity: 7u, labels: ["k8s:app=x", "reserved:host"], workloads: [Workload{name: "w"}]}
  _flow.destination == Endpoint{} && _flow.source != _flow.destination && _flow.l7 == Layer7{latency_ns: 5u}
`),
)('a flow: %s', (expression) => {
  expect(evaluate(expression, FLOW)).toBe(true);
});

test.each([
  ['9223372036854775807 + 1', 'integer overflow'],
  ['-9223372036854775808 - 1', 'integer overflow'],
  ['-(-9223372036854775808)', 'integer overflow'],
  ['9223372036854775807 * 2', 'integer overflow'],
  ['-9223372036854775808 / -1', 'integer overflow'],
  ['0u - 1u', 'unsigned integer overflow'],
  ['18446744073709551615u + 1u', 'unsigned integer overflow'],
  ['uint(-1)', 'unsigned integer overflow'],
  ['uint(-0.5)', 'unsigned integer overflow'],
  ['int(1e19)', 'integer overflow'],
  ['int(18446744073709551615u)', 'integer overflow'],
  ['int("x")', "type conversion error from 'string' to 'int'"],
  ['bool("yes")', "type conversion error from 'string' to 'bool'"],
  ['1 / 0', 'division by zero'],
  ['1u / 0u', 'division by zero'],
  ['1 % 0', 'modulus by zero'],
  ['[1][1]', 'index out of bounds: 1'],
  ['[1][-1]', 'index out of bounds: -1'],
  ['{"a": 1}["b"]', 'no such key: b'],
  ['{"a": 1}.b', 'no such key: b'],
  ['{b"a": 1}', 'internal error: runtime error: hash of unhashable type types.Bytes'],
  ['0.0 / 0.0 < 1.0', 'NaN values cannot be ordered'],
  ['1.0 >= 0.0 / 0.0', 'NaN values cannot be ordered'],
  ['duration(1500)', "type conversion error from 'int' to 'google.protobuf.Duration'"],
  ['dyn(null) < 1', 'no such overload: _<_'],
  ['int(dyn(true))', 'no such overload: int(bool)'],
  ['dyn(1) + "a"', 'no such overload'],
  ['dyn(1) && true', 'no such overload'],
  ['dyn("a") < 1', 'no such overload'],
  ['_flow.is_reply && true', 'no such overload'],
  ['!_flow.is_reply', 'no such overload'],
  ['[1, 0].map(x, 1 / x)', 'division by zero'],
  ['[0].all(x, 1 / x == 1)', 'division by zero'],
  ['[0, 1].exists_one(x, 1 / x == 1)', 'division by zero'],
  ['"a".matches("[")', 'error parsing regexp: missing closing ]: `[`'],
  ['timestamp("9999-12-31T23:59:59Z") + duration("1s")', 'timestamp overflow'],
  ['duration("2562047h") + duration("1h")', 'integer overflow'],
  ['string(b"\\xff")', 'invalid UTF-8 in bytes, cannot convert to string'],
])('%s fails: %s', (expression, why) => {
  expect(evaluate(expression)).toBe(`!${why}`);
});

test.each([
  ['1', 'int'],
  ['[1, 2u]', 'list(dyn)'],
  ['[]', 'list(dyn)'],
  ['{"a": [1]}', 'map(string, list(int))'],
  ['_flow', 'flow.Flow'],
  ['_flow.is_reply', 'wrapper(bool)'],
  ['_flow.time', 'timestamp'],
  ['_flow.verdict', 'int'],
  ['_flow.source.labels', 'list(string)'],
  ['[1].map(x, string(x))', 'list(string)'],
  ['true ? 1 : dyn(2)', 'dyn'],
  ['Verdict.DROPPED', 'int'],
  ['type(1)', 'type(int)'],
  ['_flow.extensions', 'any'],
])('%s is of type %s', (expression, type) => {
  expect(typeOf(expression)).toBe(type);
});
