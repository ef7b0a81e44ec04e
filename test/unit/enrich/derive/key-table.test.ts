import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KeyTable } from '../../../../src/enrich/derive/key-table.ts';

test('numbers keys as a Map would, however many', () => {
  const word = fc.constantFrom(0, 1, 2, 0xffffffff, 0x80000000);
  const key = fc.tuple(word, fc.nat(300), word);
  fc.assert(
    fc.property(fc.array(key, { maxLength: 400 }), fc.array(key), (keys, others) => {
      const table = new KeyTable(3, 4);
      for (let round = 0; round < 2; round++) {
        const numbers = new Map<string, number>();
        for (const each of keys) {
          table.probe.set(each);
          const text = each.join();
          expect(table.known()).toBe(numbers.get(text) ?? -1);
          if (!numbers.has(text)) numbers.set(text, numbers.size);
          expect(table.find()).toBe(numbers.get(text));
          const number = numbers.get(text) ?? 0;
          expect([...table.words.subarray(number * 3, number * 3 + 3)]).toEqual(each);
        }
        expect(table.size).toBe(numbers.size);
        for (const each of others) {
          table.probe.set(each);
          expect(table.known()).toBe(numbers.get(each.join()) ?? -1);
        }
        table.clear();
      }
    }),
  );
});
