// How a long search is told of on a terminal, and that nothing of it is left behind.
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { queryFlows } from '../../../../src/cli/observe/flows.ts';
import { progressLine } from '../../../../src/cli/observe/progress.ts';
import type { ScanProgress } from '../../../../src/query/read/scan.ts';
import { observe } from '../../../support/cli/recorded.ts';

const SEEN: ScanProgress = {
  first: 1_773_532_800_000_000_000n,
  last: 1_773_619_200_000_000_000n,
  at: 1_773_576_000_500_000_000n,
  rows: 1_234_567,
};

test('after a second, four times a second, and gone when asked', () => {
  let out = '';
  let now = 5000;
  const line = progressLine(
    (text) => {
      out += text;
    },
    () => now,
  );
  line.show(SEEN);
  line.clear();
  expect(out).toBe('');
  now += 1000;
  line.show(SEEN);
  expect(out).toBe(
    '\r\x1b[Ksearching: at 2026-03-15T12:00:00Z of 2026-03-15T00:00:00Z to 2026-03-16T00:00:00Z, 1,234,567 rows looked at',
  );
  now += 100;
  line.show(SEEN);
  expect(out.match(/searching/g)).toHaveLength(1);
  now += 200;
  line.show(SEEN);
  expect(out.match(/searching/g)).toHaveLength(2);
  line.clear();
  line.clear();
  expect(out.endsWith('looked at\r\x1b[K')).toBe(true);
});

test('a server tells it in lines of its own; what is not understood is passed over', async () => {
  const numbers = { rows: 7, first: '1', last: '3', at: '2' };
  const lines = [
    { parallax: { progress: numbers } },
    { parallax: { progress: {} } },
    { parallax: { progress: { ...numbers, at: 'x' } } },
    { parallax: { something: 'new' } },
    { flow: { uuid: 'u' }, time: '2026-03-14T10:00:00Z' },
    { parallax: { notice: 'take notice' } },
  ];
  const server = http.createServer((_, response) => {
    response.end(lines.map((each) => `${JSON.stringify(each)}\n`).join(''));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const seen: ScanProgress[] = [];
  const { exit, out, err } = await observe(['--server', `http://127.0.0.1:${port}`, '-o', 'json'], {
    query: (options, { say }) => {
      const progress = (each: ScanProgress) => void seen.push(each);
      const { signal } = new AbortController();
      return queryFlows(options, { say, progress }, { signal, nowMs: Date.now });
    },
  });
  expect({ exit, err }).toEqual({ exit: 0, err: 'take notice\n' });
  expect(out).toBe('{"flow":{"uuid":"u"},"time":"2026-03-14T10:00:00Z"}\n');
  expect(seen).toEqual([{ rows: 7, first: 1n, last: 3n, at: 2n }]);
});
