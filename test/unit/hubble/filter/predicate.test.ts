// The meaning of FlowFilters where the recorded calls do not reach.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  addressProblem,
  parseAddress,
  parsePrefix,
} from '../../../../src/hubble/filter/address.ts';
import {
  clusterPattern,
  fqdnPattern,
  nodeNamePattern,
} from '../../../../src/hubble/filter/pattern.ts';
import { compilePredicate } from '../../../../src/hubble/filter/predicate.ts';
import { pathOf } from '../../../../src/hubble/filter/url.ts';
import type { Flow, FlowFilter } from '../../../../src/hubble/proto/schema.gen.ts';

function matches(filter: FlowFilter, flow: Flow): boolean {
  return compilePredicate([filter], [])({ flow });
}

test('lists: any of the whitelist, none of the blacklist', () => {
  const dropped = { verdict: [2] };
  const pod = { source_pod: ['a/'] };
  const flow: Flow = { verdict: 2, source: { namespace: 'a', pod_name: 'p' } };
  expect(compilePredicate([], [])({ flow })).toBe(true);
  expect(compilePredicate([{ verdict: [1] }, pod], [])({ flow })).toBe(true);
  expect(compilePredicate([pod], [dropped])({ flow })).toBe(false);
  expect(compilePredicate([{}], [])({ lost_events: {} })).toBe(true);
  expect(compilePredicate([dropped], [])({ lost_events: {} })).toBe(false);
});

test('an empty list is no constraint', () => {
  expect(matches({ verdict: [], uuid: [] }, { verdict: 1 })).toBe(true);
});

test('the patterns of a request are counted', () => {
  const url = (count: number) => ({ http_url: Array.from({ length: count }, () => 'a.') });
  expect(() => compilePredicate([url(500)], [url(500)])).not.toThrow();
  expect(() => compilePredicate([url(500)], [url(501)])).toThrow(
    '1001 patterns in one request are more than the 1000 allowed; join them with |',
  );
});

test('whether a drop is a reply is taken as no', () => {
  expect(matches({ reply: [false] }, { verdict: 2 })).toBe(true);
  expect(matches({ reply: [false] }, { verdict: 1 })).toBe(false);
  expect(matches({ reply: [true] }, { verdict: 2, is_reply: true })).toBe(true);
});

test('ports are looked at as 16 bits', () => {
  expect(matches({ source_port: ['4464'] }, { l4: { TCP: { source_port: 70_000 } } })).toBe(true);
  expect(matches({ source_port: ['0'] }, { l4: { UDP: {} } })).toBe(true);
  expect(matches({ source_port: ['0'] }, { l4: { ICMPv4: {} } })).toBe(false);
});

test('addresses are compared as text, networks as numbers', () => {
  const flow: Flow = { IP: { source: '2001:db8:0::1', destination: '10.1.2.3' } };
  expect(matches({ source_ip: ['2001:db8::1'] }, flow)).toBe(false);
  expect(matches({ source_ip: ['2001:db8::/32'] }, flow)).toBe(true);
  expect(matches({ destination_ip: ['10.1.9.9/16'] }, flow)).toBe(true);
  expect(matches({ destination_ip: ['::/0'] }, flow)).toBe(false);
});

test.each(['1.2.3', '1.2.3.4.5', '01.2.3.4', '1.2.3.256', ':::', '1::2::3', 'fe80::1%', '12345::'])(
  '%s is no address',
  (text) => expect(parseAddress(text)).toBeUndefined(),
);

test('addresses and networks', () => {
  expect(parseAddress('::ffff:10.0.0.9')?.value).toBe(0xffff0a000009n);
  expect(parsePrefix('10.1.2.3/8')).toMatchObject({ first: 0x0a000000n, last: 0x0affffffn });
  expect(parsePrefix('10.0.0.0/33')).toBeUndefined();
  expect(parsePrefix('10.0.0.0/08')).toBeUndefined();
  expect(addressProblem('x')).toBe('ParseAddr("x"): unable to parse IP');
});

test.each([
  ['http://h/a%20b?q=1', '/a b'],
  ['http://h', ''],
  ['/relative/x?y', '/relative/x'],
  ['http://h/%E2%98%83', '/☃'],
  ['http://h/%zz', undefined],
  ['not a url', undefined],
  ['', undefined],
  ['http://h:port/x', undefined],
  ['http://[::1]:80/x', '/x'],
  ['mailto:x', ''],
])('path of %s', (url, path) => expect(pathOf(url)).toBe(path));

test.each([
  ['*.example.com', 'x.y.example.com', true],
  ['*.example.com', 'xexample.com', false],
  ['*.example.com', 'a_b.example.com', false],
  ['A.b.', 'a.b', true],
  ['*_*b', 'x_yb', true],
  ['*_*b', 'x_y_b', false],
  ['a*a', 'a', false],
  ['**', '', true],
])('DNS pattern %s on %s', (pattern, name, matches) => {
  expect(fqdnPattern(pattern).test(name)).toBe(matches);
});

test.each([
  ['east/', 'east/x', true],
  ['/n*', 'west/n1', true],
  ['/n*', 'west/m1', false],
  ['east/', 'east/x/y', false],
  ['n', 'any/n', true],
])('node pattern %s on %s', (pattern, name, matches) => {
  expect(nodeNamePattern(pattern).test(name)).toBe(matches);
});

test.each([
  ['liz-cm-*', 'liz-cm-eks-6', true],
  ['liz-cm-*', 'LIZ-cm-eks-6', false],
  ['*', '', true],
  ['*.+', 'x', false],
  ['*-lab', 'kind-lab', true],
  ['a*', 'a/b', false],
])('cluster pattern %s on %s', (pattern, name, matches) => {
  expect(clusterPattern(pattern)?.test(name)).toBe(matches);
});

test('stars in names of clusters can be characters like others', () => {
  const flow: Flow = { source: { cluster_name: 'liz-cm-eks-6' } };
  const filters = [{ source_cluster_name: ['liz-*'] }];
  expect(compilePredicate(filters, [])({ flow })).toBe(true);
  expect(compilePredicate(filters, [], { clusterPatterns: false })({ flow })).toBe(false);
});

test('patterns of names agree with their regular expressions', () => {
  const text = (letters: string) => fc.string({ unit: fc.constantFrom(...letters), maxLength: 12 });
  const agree = (pattern: { source: string; test(text: string): boolean }, name: string) =>
    expect(pattern.test(name)).toBe(new RegExp(`^(?:${pattern.source})$`).test(name));
  fc.assert(
    fc.property(text('ab_*.'), text('ab_.A'), (pattern, name) => {
      fc.pre(/[^.]$/.test(pattern));
      agree(fqdnPattern(pattern), name);
    }),
    { numRuns: 3000 },
  );
  fc.assert(
    fc.property(text('ab_*'), text('ab/'), text('ab/_'), (start, rest, name) => {
      fc.pre((start + rest).replace(/[^/]/g, '').length < 2);
      agree(nodeNamePattern(`a${start}${rest}`), name);
      const cluster = clusterPattern(`*${start}`);
      if (cluster !== undefined) agree(cluster, name);
    }),
    { numRuns: 3000 },
  );
});

test('many stars do not make a name slow to look at', () => {
  const pattern = fqdnPattern(`${'*a'.repeat(500)}b`);
  const name = 'a'.repeat(253);
  // A matcher that backtracks never ends here.
  for (let i = 0; i < 1000; i++) expect(pattern.test(name)).toBe(false);
  expect(() => fqdnPattern('a'.repeat(2000))).toThrow('pattern of 2000 characters');
});

test('HTTP filters want L7 events', () => {
  expect(() => compilePredicate([{ event_type: [{ type: 1 }], http_url: ['x'] }], [])).toThrow(
    "filtering by http url requires the event type filter to only match 'l7' events",
  );
});

test('CEL: several expressions are alternatives, one that fails is no match and ends the search', () => {
  const failures: string[] = [];
  const wants = (...cel_expression: string[]) =>
    compilePredicate([{ experimental: { cel_expression } }], [], {
      failed: (why) => failures.push(why),
    });
  expect(wants('false', '_flow.verdict == Verdict.DROPPED')({ flow: { verdict: 2 } })).toBe(true);
  expect(wants('true')({ lost_events: {} })).toBe(true);
  expect(failures).toEqual([]);
  expect(wants('1 / 0 == 1', 'true')({ flow: {} })).toBe(false);
  expect(failures).toEqual(['division by zero']);
  expect(wants('true', '1 / 0 == 1')({ flow: {} })).toBe(true);
  expect(() => wants('_flow.nope')).toThrow("undefined field 'nope'");
});
