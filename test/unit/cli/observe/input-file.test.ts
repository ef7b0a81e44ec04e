// Files as Hubble's client reads them: which lines are taken, which are left out and in what words, and where it ends.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { fileResponses, select } from '../../../../src/cli/observe/input-file.ts';
import { slogLine } from '../../../../src/cli/observe/slog.ts';
import type { GetFlowsResponse } from '../../../../src/hubble/proto/schema.gen.ts';

const directory = mkdtempSync(join(tmpdir(), 'parallax-input-'));
afterAll(() => rmSync(directory, { recursive: true }));

async function read(path: string, stdin: Readable = Readable.from([])) {
  const responses: GetFlowsResponse[] = [];
  const warnings: Record<string, string>[] = [];
  let failure: string | undefined;
  try {
    for await (const each of fileResponses(path, stdin, (msg, fields) => {
      warnings.push({ msg, ...fields });
    }))
      responses.push(each);
  } catch (error) {
    failure = error instanceof Error ? error.message : String(error);
  }
  return { responses, warnings, failure };
}

const lines = (...texts: (string | Buffer)[]) =>
  read('-', Readable.from(texts.flatMap((text) => [Buffer.from(text), Buffer.from('\n')])));

/** A flow whose line has so many bytes, its end not counted. */
function lineOf(bytes: number): string {
  const empty = JSON.stringify({ flow: { Summary: '' } });
  return JSON.stringify({ flow: { Summary: 'x'.repeat(bytes - empty.length) } });
}

test('lines of 64 KiB end the reading, after what came before', async () => {
  const fits = await lines(lineOf(65_535), lineOf(100));
  expect(fits).toMatchObject({ failure: undefined, responses: { length: 2 } });
  const over = await lines(lineOf(100), lineOf(65_536), lineOf(100));
  expect(over).toMatchObject({
    failure: 'bufio.Scanner: token too long',
    responses: { length: 1 },
  });
  const unended = await read('-', Readable.from([Buffer.from(lineOf(65_536))]));
  expect(unended.failure).toBe('bufio.Scanner: token too long');
});

test('the recorded long line', async () => {
  const text = gunzipSync(
    readFileSync(new URL('../../../fixtures/corpus/long.jsonl.gz', import.meta.url)),
  );
  const { responses, failure } = await read('-', Readable.from([text]));
  expect(responses).toHaveLength(1);
  expect(failure).toBe('bufio.Scanner: token too long');
});

test('a reader that needs no more does not reach the long line', async () => {
  const all = fileResponses(
    '-',
    Readable.from([Buffer.from(`${lineOf(100)}\n${lineOf(70_000)}\n`)]),
    () => {},
  );
  const options = { number: 1n, first: true, since: undefined, until: undefined };
  const taken = [];
  for await (const each of select(all, options, () => true)) taken.push(each);
  expect(taken).toHaveLength(1);
});

test('the newest are lost with the end of the file', async () => {
  const all = fileResponses(
    '-',
    Readable.from([Buffer.from(`${lineOf(100)}\n${lineOf(70_000)}\n`)]),
    () => {},
  );
  const options = { number: 5n, first: false, since: undefined, until: undefined };
  await expect(select(all, options, () => true).next()).rejects.toThrow('token too long');
});

test('an unknown name of an enum is passed over, with one warning for all that is unknown', async () => {
  const { responses, warnings } = await lines('{"flow":{"verdict":"NOPE"}}', '{"flow":{"new":1}}');
  expect(responses).toEqual([{ flow: {} }, { flow: {} }]);
  expect(warnings).toEqual([
    {
      msg: 'unknown field detected, upgrade the Hubble CLI to get rid of this warning',
      error: 'proto: (line 1:20): invalid value for enum field verdict: "NOPE"',
    },
  ]);
});

test('a field that is unknown before what is broken is not warned of', async () => {
  const { warnings } = await lines('{"flow":{"new":1,"verdict":]}}');
  expect(warnings).toMatchObject([
    { error: 'proto: syntax error (line 1:28): unexpected token ]' },
  ]);
});

test('bytes that are no UTF-8 are shown', async () => {
  const { warnings } = await lines(Buffer.from('{"flow":\xff}', 'latin1'));
  expect(warnings).toMatchObject([
    { error: 'proto: syntax error (line 1:9): invalid value \udcff' },
  ]);
  expect(slogLine(0, 'WARN', 'x', warnings[0])).toContain(
    'invalid value \\xff" line="{\\"flow\\":\\xff}"',
  );
});

test.each([
  ['{"flow":{"verdict":"DROPPED","verdict":"AUDIT"}}', 'duplicate field "verdict"'],
  ['{"flow":{"is_reply":true,"isReply":true}}', 'duplicate field "isReply"'],
  [
    '{"flow":{},"lost_events":{}}',
    'error parsing "lost_events", oneof observer.GetFlowsResponse.response_types is already set',
  ],
  ['{"flow":{"verdict":[]}}', 'invalid value for enum field verdict: ['],
  ['{"flow":{"time":"yesterday"}}', 'invalid google.protobuf.Timestamp value "yesterday"'],
  ['{"flow":{"Summary":7}}', 'invalid value for string field Summary: 7'],
  ['{"flow":{"node_labels":"x"}}', 'syntax error (line 1:24): unexpected token "x"'],
  ['{"flow":{"proxy_port":-1}}', 'invalid value for uint32 field proxyPort: -1'],
  ['{"flow":{"Summary":"\\ud800"}}', 'unexpected EOF'],
  ['{"flow":{"Summary":"\\ud800 and more"}}', 'invalid escape code " and m" in string'],
  ['{"flow":{}', 'unexpected EOF'],
  ['{"flow":{},}', 'syntax error (line 1:12): unexpected token }'],
  ['{"flow":{}} x', 'syntax error (line 1:13): invalid value x'],
  ['{flow:{}}', 'invalid value flow'],
  ['{"flow"😀{}}', 'unexpected character ð, missing ":" after field name'],
  ['{"flow":{"Summary":"\\u12😀"}}', 'invalid escape code "\\\\u12\\xf0\\x9f" in string'],
  ['{"flow" {}}', 'unexpected character {, missing ":" after field name'],
  ['{"flow":{"Summary":"a\tb"}}', "invalid character '\\t' in string"],
])('%s is left out', async (line, error) => {
  const { responses, warnings } = await lines(line);
  expect(responses).toEqual([]);
  expect(warnings).toEqual([
    { msg: 'Failed to unmarshal json to flow', error: expect.stringContaining(error), line },
  ]);
});

test('text that is no UTF-8 is left out', async () => {
  const bad = Buffer.concat([
    Buffer.from('{"flow":{"Summary":"'),
    Buffer.from([0xff]),
    Buffer.from('"}}'),
  ]);
  const { responses, warnings } = await lines(bad);
  expect(responses).toEqual([]);
  expect(warnings[0]?.error).toContain('invalid UTF-8');
});

test.each([
  ['{"flow":{"proxy_port":"80"}}', { flow: { proxy_port: 80 } }],
  ['{"flow":{"proxy_port":8e1}}', { flow: { proxy_port: 80 } }],
  ['{"flow":{"verdict":2,"isReply":null}}', { flow: { verdict: 2 } }],
  ['{"flow":null}', {}],
  ['  {"flow":{}}\r', { flow: {} }],
])('%s is taken', async (line, response) => {
  expect(await lines(line)).toMatchObject({ responses: [response], warnings: [] });
});

test('one warning for what is unknown, then it is passed over', async () => {
  const { responses, warnings } = await lines(
    '{"flow":{"new_field":{"a":[1,"x",{}]},"uuid":"1"}}',
    '{"flow":{"newer":1,"verdict":"NEW_NAME","uuid":"2"}}',
    '{"verdict":"DROPPED","node_name":"bare"}',
  );
  expect(warnings).toEqual([
    {
      msg: 'unknown field detected, upgrade the Hubble CLI to get rid of this warning',
      error: 'proto: (line 1:10): unknown field "new_field"',
    },
  ]);
  expect(responses).toEqual([
    { flow: { uuid: '1' } },
    { flow: { uuid: '2' } },
    { node_name: 'bare' },
  ]);
});

test('files that cannot be read', async () => {
  expect((await read('/nonexistent/x')).failure).toBe(
    'open /nonexistent/x: no such file or directory',
  );
  expect((await read(directory)).failure).toBe(`read ${directory}: is a directory`);
  const path = join(directory, 'empty');
  writeFileSync(path, '');
  expect(await read(path)).toEqual({ responses: [], warnings: [], failure: undefined });
});

test('an end called for ends the reading of what never ends', async () => {
  const endless = new PassThrough();
  const over = new AbortController();
  const reading = fileResponses('-', endless, () => {}, over.signal).next();
  endless.write('{"flow":');
  over.abort();
  await expect(reading).rejects.toThrow();
});
