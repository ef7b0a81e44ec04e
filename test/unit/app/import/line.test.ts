import { describe, expect, it } from 'vitest';
import { readLine } from '../../../../src/app/import/line.ts';
import { decode } from '../../../../src/hubble/proto/codec.ts';
import { GetFlowsResponse } from '../../../../src/hubble/proto/schema.gen.ts';

function read(input: string | Buffer) {
  const bytes = Buffer.from(input as string);
  return readLine({ number: 1, bytes, length: bytes.length });
}

describe('readLine', () => {
  it('reads an enveloped flow, a bare one, a lost event', () => {
    for (const [line, node] of [
      ['{"flow":{"verdict":"DROPPED","node_name":"n"},"node_name":"n"}', 'n'],
      ['  {"verdict":"DROPPED","node_name":"n"} ', 'n'],
      [
        '{"lost_events":{"source":"HUBBLE_RING_BUFFER","num_events_lost":"3"},"node_name":"n"}',
        'n',
      ],
    ] as const) {
      const result = read(line);
      expect(result.kind).toBe('response');
      if (result.kind !== 'response') return;
      expect(decode(GetFlowsResponse, result.bytes).node_name).toBe(node);
    }
  });

  it.each(['', '   ', '\t\r'])('takes %o for blank', (line) => {
    expect(read(line)).toEqual({ kind: 'blank' });
  });

  it.each([
    ['a NUL byte', '{"flow"\0:{}}', 'nul-byte', 8],
    ['an escaped NUL', '{"flow":{"Summary":"a\\u0000"}}', undefined, undefined],
    ['invalid UTF-8', Buffer.from('7b22e96e223a317d', 'hex'), 'invalid-utf8', 3],
    ['a character cut in two', Buffer.from('7b22e28222', 'hex'), 'invalid-utf8', 3],
    ['a cut line', '{"flow":{"verdict":"DROP', 'not-json', undefined],
    ['broken JSON', '{"flow":{"a":1,}}', 'not-json', 16],
    ['a word', 'hello', 'not-json', undefined],
    ['a list', '[{"flow":{}}]', 'not-hubble', undefined],
    ['a number', '17', 'not-hubble', undefined],
    ['a field of the wrong kind', '{"flow":{"IP":7}}', 'not-hubble', undefined],
    ['an opening bracket', '{', 'multi-line-json', undefined],
    ['a closing bracket', '  },', 'multi-line-json', undefined],
    ['an indented key', '  "flow": {', 'multi-line-json', undefined],
    ['an indented text', '    "verdict": "DROPPED",', 'multi-line-json', undefined],
    ['an indented list item', '    "k8s:app=x",', 'multi-line-json', undefined],
  ])('says what is wrong with %s', (_, line, reason, column) => {
    const result = read(line as string);
    if (reason === undefined) {
      expect(result.kind).toBe('response');
      return;
    }
    expect(result).toMatchObject({ kind: 'refused', reason });
    if (column !== undefined) expect(result).toMatchObject({ column });
  });

  it('counts columns in bytes', () => {
    expect(read('{"é":1,}')).toMatchObject({ reason: 'not-json', column: 9 });
  });

  it('does not choke on a very long line that is no JSON', () => {
    const line = `"${'\\a'.repeat(8_000_000)}`;
    expect(read(line)).toMatchObject({ kind: 'refused' });
  });

  it('takes a line far over 64 KiB', () => {
    const labels = Array.from({ length: 5000 }, (_, i) => `"k8s:label-${i}=some-value"`);
    expect(read(`{"flow":{"source":{"labels":[${labels}]}}}`).kind).toBe('response');
  });
});
