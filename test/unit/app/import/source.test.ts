import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { openSource } from '../../../../src/app/import/source.ts';

const NO_INPUT = Readable.from([]);

function file(bytes: Buffer): string {
  const path = join(mkdtempSync(join(tmpdir(), 'parallax-import-')), 'flows');
  writeFileSync(path, bytes);
  return path;
}

async function text(source: ReturnType<typeof openSource>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of source.chunks()) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

describe('openSource', () => {
  it('reads a file and counts its bytes', async () => {
    const source = openSource(file(Buffer.from('{}\n')), NO_INPUT);
    expect(source.size).toBe(3);
    expect(await text(source)).toBe('{}\n');
    expect(source.taken()).toBe(3);
  });

  it('unpacks gzip by its first bytes, several members too', async () => {
    const packed = Buffer.concat([gzipSync('one\n'), gzipSync('two\n')]);
    expect(await text(openSource(file(packed), NO_INPUT))).toBe('one\ntwo\n');
  });

  it('reads standard input, gzip too, however it is cut', async () => {
    const bytes = [...gzipSync('{"flow":{}}\n')].map((byte) => Buffer.from([byte]));
    const source = openSource('-', Readable.from(bytes));
    expect(source.size).toBeUndefined();
    expect(await text(source)).toBe('{"flow":{}}\n');
    const plain = openSource('-', Readable.from(['{', '}\n']));
    expect(await text(plain)).toBe('{}\n');
  });

  it('cuts off a byte order mark, also within gzip', async () => {
    const marked = Buffer.from('\uFEFF{}\n');
    expect(await text(openSource(file(marked), NO_INPUT))).toBe('{}\n');
    expect(await text(openSource(file(gzipSync(marked)), NO_INPUT))).toBe('{}\n');
  });

  it('takes empty input', async () => {
    expect(await text(openSource(file(Buffer.alloc(0)), NO_INPUT))).toBe('');
    expect(await text(openSource(file(gzipSync('')), NO_INPUT))).toBe('');
  });

  it('says what it cannot read, and the cure', async () => {
    expect(() => openSource('/nowhere', NO_INPUT)).toThrow(/cannot read "\/nowhere"/);
    expect(() => openSource(tmpdir(), NO_INPUT)).toThrow(/directory/);
    const utf16 = openSource(file(Buffer.from('\uFEFF{}', 'utf16le')), NO_INPUT);
    await expect(text(utf16)).rejects.toThrow(/UTF-16 text; convert it.*iconv/);
    const zstd = openSource(file(Buffer.from('28b52ffd0000', 'hex')), NO_INPUT);
    await expect(text(zstd)).rejects.toThrow(/zstd data; unpack it/);
  });

  it('gives what comes before gzip data breaks off, then says so', async () => {
    const body = Array.from({ length: 20_000 }, (_, i) => `line ${i} ${i * 7919}\n`).join('');
    const packed = gzipSync(body);
    const source = openSource(file(packed.subarray(0, packed.length >> 1)), NO_INPUT);
    let seen = '';
    const all = async () => {
      for await (const chunk of source.chunks()) seen += chunk.toString();
    };
    await expect(all()).rejects.toMatchObject({ code: 'input/invalid' });
    expect(seen.length).toBeGreaterThan(1000);
    expect(body.startsWith(seen)).toBe(true);
  });
});
