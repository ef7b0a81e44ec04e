import { expect, test } from 'vitest';
import { parseFault } from '../../../src/simulate/fault.ts';

test.each([
  ['drop@10s', { fault: { kind: 'drop' }, atMs: 10_000 }],
  ['eof', { fault: { kind: 'eof' }, atMs: 0 }],
  ['stall:5s@20s', { fault: { kind: 'stall', ms: 5000 }, atMs: 20_000 }],
  ['drop every:7s', { fault: { kind: 'drop' }, everyMs: 7000 }],
  ['drop@every:7s', { fault: { kind: 'drop' }, everyMs: 7000 }],
  ['stall:250ms every:1m', { fault: { kind: 'stall', ms: 250 }, everyMs: 60_000 }],
  ['restart:2s@1m30s', { fault: { kind: 'restart', ms: 2000, lost: false }, atMs: 90_000 }],
  ['restart:2s:lost@1s', { fault: { kind: 'restart', ms: 2000, lost: true }, atMs: 1000 }],
  ['error@1s', { fault: { kind: 'error', status: 14 }, atMs: 1000 }],
  ['error:RESOURCE_EXHAUSTED@1s', { fault: { kind: 'error', status: 8 }, atMs: 1000 }],
  ['error:13@1s', { fault: { kind: 'error', status: 13 }, atMs: 1000 }],
  ['lost:500@1s', { fault: { kind: 'lost', count: 500 }, atMs: 1000 }],
  ['silent:c/node-1@1s', { fault: { kind: 'silent', node: 'c/node-1' }, atMs: 1000 }],
  ['replay@1s', { fault: { kind: 'replay', node: undefined }, atMs: 1000 }],
  ['disorder:200ms@0s', { fault: { kind: 'disorder', ms: 200 }, atMs: 0 }],
  [
    'malformed:huge:8MiB@1s',
    { fault: { kind: 'malformed', how: 'huge', bytes: 8 << 20 }, atMs: 1000 },
  ],
  ['malformed:utf8@1s', { fault: { kind: 'malformed', how: 'utf8' }, atMs: 1000 }],
  ['load-1=drop@10s', { fault: { kind: 'drop' }, atMs: 10_000, relay: 'load-1' }],
])('%s', (text, expected) => {
  expect(parseFault(text)).toMatchObject(expected);
});

test.each([
  'nonsense',
  'stall@5s',
  'stall:5@1s',
  'drop@soon',
  'drop every:0s',
  'error:NOPE@1s',
  'error:17@1s',
  'lost:0@1s',
  'lost:many@1s',
  'restart:1s:found@1s',
  'malformed:odd@1s',
  'malformed:huge:8MB@1s',
  '',
])('refuses %j and says what can be written', (text) => {
  expect(() => parseFault(text)).toThrow(/--fault ".*" is not understood; write drop/);
});
