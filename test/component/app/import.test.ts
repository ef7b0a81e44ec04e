import { EventEmitter } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, describe, expect, it } from 'vitest';
import { loadParallaxConfig } from '../../../src/app/config.ts';
import { readLine } from '../../../src/app/import/line.ts';
import { type ImportOptions, runImport } from '../../../src/app/import.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import type { SignalSource } from '../../../src/runtime/run.ts';
import { openStore, rowsOf } from '../../engines/stores.ts';

const FIXTURES = fileURLToPath(new URL('../../fixtures/', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'parallax-import-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

let dirs = 0;
const newDataDir = () => join(scratch, `data-${dirs++}`);

function flow(index: number): string {
  const uuid = `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`;
  const time = new Date(1_750_000_000_000 + index).toISOString();
  return `{"flow":{"time":"${time}","uuid":"${uuid}","verdict":"FORWARDED","node_name":"lab/n1"},"node_name":"lab/n1","time":"${time}"}`;
}

function file(name: string, content: string | Buffer): string {
  const path = join(scratch, name);
  writeFileSync(path, content);
  return path;
}

async function importInto(
  dataDir: string,
  path: string,
  over: Partial<ImportOptions> = {},
  signals = new EventEmitter(),
) {
  const written: string[] = [];
  const stdout = new Writable({
    write(chunk, _, done) {
      written.push(String(chunk));
      done();
    },
  });
  const flags = [{ path: ['store', 'chdb', 'path'], value: dataDir, origin: '--data-dir' }];
  const { value: config } = loadParallaxConfig({ env: {}, flags });
  const deps = {
    logger: pino({ level: 'silent' }),
    registry: new Registry(),
    clock: systemClock,
    signals: signals as unknown as SignalSource,
    version: '0',
    stdout,
  };
  const stderr = Object.assign(new Writable({ write: (_c, _e, done) => done() }), { isTTY: false });
  const exit = await runImport(config, deps, {
    file: path,
    stdin: Readable.from([]),
    stderr: stderr as unknown as NodeJS.WriteStream,
    cluster: '',
    maxLineBytes: 16 << 20,
    strict: false,
    ...over,
  });
  const summary = written.join('');
  const count = (label: string) =>
    Number((new RegExp(`${label} +([\\d,]+)`).exec(summary)?.[1] ?? '0').replaceAll(',', ''));
  return {
    exit,
    summary,
    flows: count('flows stored'),
    events: count('events stored'),
    there: count('already there'),
    refused: count('refused'),
  };
}

async function countOf(
  dataDir: string,
): Promise<{ rows: number; uuids: number; clusters: string[] }> {
  const { store, stop } = await openStore({ chdb: { path: dataDir } }, { tables: false });
  try {
    const rows = await rowsOf(store, 'SELECT count(), uniqExact(uuid) FROM flows');
    const clusters = await rowsOf(store, 'SELECT DISTINCT cluster FROM flows ORDER BY cluster');
    return {
      rows: Number(rows[0]?.[0]),
      uuids: Number(rows[0]?.[1]),
      clusters: clusters.map(([name]) => String(name)),
    };
  } finally {
    await stop();
  }
}

describe('parallax import', () => {
  it('stores what was captured, and a second time nothing', async () => {
    const dataDir = newDataDir();
    const path = join(FIXTURES, 'captured/flows.jsonl.gz');
    const text = gunzipSync(readFileSync(path));
    const lines = text.toString().trimEnd().split('\n').length;
    const first = await importInto(dataDir, path);
    expect(first).toMatchObject({ exit: 0, there: 0, refused: 0 });
    expect(first.flows + first.events).toBe(lines);
    const second = await importInto(dataDir, path);
    expect(second).toMatchObject({ exit: 0, flows: 0, events: 0, there: lines, refused: 0 });
    const plain = await importInto(dataDir, file('flows.jsonl', text));
    expect(plain).toMatchObject({ exit: 0, flows: 0, there: lines });
    expect(await countOf(dataDir)).toMatchObject({ rows: first.flows, uuids: first.flows });
  });

  it('goes on where it was cut off, without doubles', async () => {
    const dataDir = newDataDir();
    const total = 30_000;
    const text = Array.from({ length: total }, (_, i) => `${flow(i)}\n`).join('');
    const signals = new EventEmitter();
    async function* slowly() {
      const half = text.length >> 1;
      yield Buffer.from(text.slice(0, half));
      signals.emit('SIGINT');
      yield Buffer.from(text.slice(half));
    }
    const stdin = Readable.from(slowly());
    const cut = await importInto(dataDir, '-', { stdin }, signals);
    expect(cut.exit).toBe(130);
    expect(cut.summary).toContain('run it again');
    expect(cut.flows).toBeGreaterThan(0);
    expect(cut.flows).toBeLessThan(total);
    const again = await importInto(dataDir, file('all.jsonl', text));
    expect(again).toMatchObject({ exit: 0, flows: total - cut.flows, there: cut.flows });
    expect(await countOf(dataDir)).toMatchObject({ rows: total, uuids: total });
  });

  it('names what it refuses and stores the rest', async () => {
    const dataDir = newDataDir();
    const long = `{"flow":{"Summary":"${'x'.repeat(100_000)}"}}`;
    const content = Buffer.concat([
      Buffer.from(`\uFEFF${flow(1)}\r\nnonsense\r\n\r\n${long}\n`),
      Buffer.from('7b22e96e223a317d0a', 'hex'),
      Buffer.from(`{"flow":{}\0}\n${'y'.repeat(3_000_000)}\n${flow(2)}`),
    ]);
    const path = file('mixed.jsonl', content);
    const result = await importInto(dataDir, path, { maxLineBytes: 1 << 20, cluster: 'mine' });
    expect(result).toMatchObject({ exit: 0, flows: 3, refused: 4 });
    expect(result.summary).toMatch(/not-json: 1 .*\n {6}line 2:/);
    expect(result.summary).toMatch(/invalid-utf8: 1 .*\n {6}line 5, byte 3:/);
    expect(result.summary).toMatch(/nul-byte: 1 .*\n {6}line 6, byte 11:/);
    expect(result.summary).toMatch(/too-long: 1 .*\n {6}line 7: 3000000 bytes/);
    expect((await countOf(dataDir)).clusters).toEqual(['mine']);
    expect(await importInto(dataDir, path, { strict: true })).toMatchObject({ exit: 1 });
  });

  it('fails when nothing could be taken, and says why', async () => {
    const pretty = JSON.stringify(JSON.parse(flow(1)), null, 2);
    const result = await importInto(newDataDir(), file('pretty.json', pretty));
    expect(result).toMatchObject({ exit: 1, flows: 0 });
    expect(result.summary).toContain('jq -c . FILE | parallax import -');
    const empty = await importInto(newDataDir(), file('empty', ''));
    expect(empty).toMatchObject({ exit: 0, flows: 0, refused: 0 });
  });

  it('stores flows of 1970 and 2200, and the same line twice once', async () => {
    const dataDir = newDataDir();
    const lines = ['1970-01-01T00:00:00Z', '2200-06-01T00:00:00Z'].map(
      (time) => `{"flow":{"time":"${time}","verdict":"DROPPED"},"node_name":"lab/n1"}`,
    );
    for (const line of lines) {
      expect(readLine({ number: 1, bytes: Buffer.from(line), length: line.length }).kind).toBe(
        'response',
      );
    }
    const path = file('times.jsonl', [...lines, ...lines].join('\n'));
    expect(await importInto(dataDir, path)).toMatchObject({ exit: 0, flows: 2, there: 2 });
    expect(await importInto(dataDir, path)).toMatchObject({ exit: 0, flows: 0, there: 4 });
    expect((await countOf(dataDir)).clusters).toEqual(['lab']);
  });
});
