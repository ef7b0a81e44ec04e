// Health of the engine, from its system tables.
import { expect, test } from 'vitest';
import { engineFindings } from '../../../../src/query/doctor/engine.ts';
import type { Reader } from '../../../../src/store/store.ts';

const GIB = 2 ** 30;

/** A store whose system tables have so many parts in a partition, and so much of 100 GiB free. */
function storeWith(parts: number, freeGib: number): Reader {
  return {
    async *query(statement) {
      if (typeof statement === 'string') return;
      const { tables } = statement;
      if (tables.has('system.parts')) yield ['flows', '20261125', String(parts), '12345'];
      if (tables.has('system.disks')) yield ['default', String(freeGib * GIB), String(100 * GIB)];
    },
  };
}

async function severities(parts: number, freeGib: number): Promise<string[]> {
  const found: string[] = [];
  const { signal } = new AbortController();
  for await (const { check, severity, cure } of engineFindings(storeWith(parts, freeGib), signal)) {
    found.push(`${check} ${severity}`);
    expect(cure === '').toBe(severity === 'ok');
  }
  return found;
}

test.each([
  [20, 50, ['store-parts ok', 'store-disk ok']],
  [600, 50, ['store-parts warning', 'store-disk ok']],
  [1000, 50, ['store-parts problem', 'store-disk ok']],
  [20, 9, ['store-parts ok', 'store-disk warning']],
  [20, 2, ['store-parts ok', 'store-disk problem']],
])('%d parts in a partition, %d of 100 GiB free', async (parts, free, expected) => {
  expect(await severities(parts, free)).toEqual(expected);
});
