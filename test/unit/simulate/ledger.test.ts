import { randomUUID } from 'node:crypto';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Ledger, readLedger } from '../../../src/simulate/ledger.ts';
import { ChunkPool, NodeRing } from '../../../src/simulate/ring.ts';

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'parallax-ledger-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  return dir;
}

test('gives back the uuids noted, in memory', () => {
  const ledger = new Ledger({ limit: 100_000 });
  const uuids = Array.from({ length: 9000 }, () => randomUUID());
  for (const uuid of uuids) ledger.note('sent', Buffer.from(`..${uuid}`), 2);
  ledger.note('odd', Buffer.from(uuids[0] ?? ''), 0);
  expect(ledger.uuids('sent')).toEqual([...uuids, uuids[0]]);
  expect(ledger.uuids('odd')).toEqual([uuids[0]]);
  expect(ledger.sent).toBe(9001);
});

test('a file is whole after close, and a torn last record is left out', () => {
  const file = join(folder(), 'ledger');
  const ledger = new Ledger({ file, limit: 1 });
  const uuids = Array.from({ length: 5000 }, () => randomUUID());
  for (const uuid of uuids) ledger.note('sent', Buffer.from(uuid.toUpperCase()), 0);
  expect(ledger.uuids('sent')).toEqual(uuids);
  ledger.close();
  appendFileSync(file, Buffer.from([0, 1, 2]));
  expect(readLedger(file)).toEqual({ sent: uuids, overwritten: [], odd: [] });
});

test('memory is bounded: past the limit it throws and says so', () => {
  const ledger = new Ledger({ limit: 8192 });
  const text = Buffer.from(randomUUID());
  expect(() => {
    for (let i = 0; i < 20_000; i++) ledger.note('sent', text, 0);
  }).toThrow(/limit of 8192 flows/);
});

test('what a ring overwrites before anyone read it is noted, what was read is not', () => {
  const ledger = new Ledger({ limit: 100_000 });
  const ring = new NodeRing('n', 2, new ChunkPool(), ledger);
  const uuids = Array.from({ length: 5 }, () => randomUUID());
  uuids.forEach((uuid, index) => {
    const chunk = ring.reserve(36);
    chunk.buffer.write(uuid, chunk.end);
    ring.commit(chunk, 36, 0, chunk.end);
    if (index === 1) ring.copy(1, Buffer.alloc(36), 0);
  });
  expect(ledger.uuids('sent')).toEqual(uuids);
  expect(ledger.uuids('overwritten')).toEqual([uuids[0], uuids[2]]);
});
