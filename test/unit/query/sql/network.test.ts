// Networks as SQL: which of them are also said in the words of the indexes, and in how many.
import { expect, test } from 'vitest';
import { parsePrefix } from '../../../../src/hubble/filter/address.ts';
import { networkCondition } from '../../../../src/query/sql/network.ts';
import { column as columnOf } from '../../../../src/store/sql.ts';

function condition(text: string, column = 'ip_source') {
  const network = parsePrefix(text);
  if (network === undefined) throw new Error(`${text} is no network`);
  const { text: sql, params } = networkCondition(network, columnOf(column)).render();
  const lists = Object.values(params).filter((value) => Array.isArray(value));
  return { sql, lists };
}

test('an IPv4 network is one of the first sixteen bits', () => {
  const prefix = 'bitShiftRight(toUInt32(toIPv4OrDefault(ip_source)), 16) IN';
  for (const [text, values] of [
    ['172.31.0.0/16', [44_063]],
    ['172.31.77.0/24', [44_063]],
    ['172.31.77.128/27', [44_063]],
    ['172.16.0.0/12', Array.from({ length: 16 }, (_, i) => 44_048 + i)],
  ] as const) {
    const { sql, lists } = condition(text);
    expect(sql).toContain(prefix);
    expect(lists).toEqual([values]);
  }
});

test('an IPv6 network is one of the first forty-eight bits', () => {
  const prefix = 'toUInt64(bitShiftRight(toUInt128(toIPv6OrDefault(ip_destination)), 80)) IN';
  for (const [text, values] of [
    ['2001:db8:1::/48', [0x2001_0db8_0001]],
    ['2001:db8:1:2::/64', [0x2001_0db8_0001]],
    ['2001:db8:1:2::7/128', [0x2001_0db8_0001]],
    ['2001:db8::/47', [0x2001_0db8_0000, 0x2001_0db8_0001]],
    ['ffff:ffff:ffff::/48', [0xffff_ffff_ffff]],
  ] as const) {
    const { sql, lists } = condition(text, 'ip_destination');
    expect(sql).toContain(prefix);
    expect(lists).toEqual([values]);
  }
});

test('too wide a network, and a column without an index, are said once', () => {
  for (const text of ['10.0.0.0/8', '172.16.0.0/11', '0.0.0.0/0', '2001:db8::/43', '::/0'])
    expect(condition(text)).toMatchObject({
      sql: expect.not.stringContaining('bitShiftRight'),
      lists: [],
    });
  expect(condition('172.31.0.0/16', 'ip_source_xlated').lists).toEqual([]);
});

test('few IPv4 addresses are named', () => {
  expect(condition('10.1.2.3/32')).toEqual({
    sql: 'ip_source IN {p1:Array(String)}',
    lists: [['10.1.2.3']],
  });
  expect(condition('10.1.2.240/28').lists[0]).toHaveLength(16);
  expect(condition('10.1.2.240/28').lists[0]).toEqual(
    expect.arrayContaining(['10.1.2.240', '10.1.2.255']),
  );
});
