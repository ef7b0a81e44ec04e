// Filters as SQL: exact where SQL can be, never with a value in the statement's text.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FlowFilter } from '../../../../src/hubble/proto/schema.gen.ts';
import { slotOf } from '../../../../src/query/read/range.ts';
import {
  atMost,
  type Bounds,
  both,
  either,
  exactly,
  FALSE,
  not,
  TRUE,
} from '../../../../src/query/sql/bounds.ts';
import { bindLiterals } from '../../../../src/store/engine/literals.ts';
import { FLOW_COLUMNS } from '../../../../src/store/schema/columns.ts';
import { sql } from '../../../../src/store/sql.ts';
import { rendered } from '../../../support/query/rendered.ts';

const HOSTILE = [
  "' OR 1=1 --",
  '\\',
  "\\' ; DROP TABLE flows",
  '{p1:String}',
  '`',
  '/*',
  '\0',
  "') --",
];

/** Fields that take any text; the others refuse what they do not know. */
const TEXT_FIELDS = [
  'uuid',
  'source_pod',
  'destination_service',
  'source_cluster_name',
  'http_method',
  'trace_id',
] as const satisfies readonly (keyof FlowFilter)[];

describe('hostile values', () => {
  for (const field of TEXT_FIELDS) {
    for (const value of HOSTILE) {
      test(`${field} ${JSON.stringify(value)}`, () => {
        const { where, params } = rendered([{ [field]: [value] }], [{ [field]: [value] }]);
        expect(withoutPlaceholders(where)).not.toContain(value);
        expect(JSON.stringify(params, (_, v) => (typeof v === 'bigint' ? `${v}` : v))).toContain(
          JSON.stringify(
            field === 'http_method' ? value.toLowerCase() : value.replace(/^.*\//, ''),
          ).slice(1, -1),
        );
      });
    }
  }

  test('records of several fields', () => {
    const value = "' OR 1=1 --";
    const filter: FlowFilter = {
      http_header: [{ key: value, value }],
      interface: [{ name: value }],
      source_workload: [{ name: value, kind: value }],
      http_url: ["' OR '1"],
      dns_query: ["' OR '1"],
    };
    expect(rendered([filter], []).where).not.toContain('OR 1=1');
    expect(rendered([filter], []).where).not.toContain("' OR '1");
  });

  test('whatever the text, the statement is the same', () => {
    const shape = (text: string) =>
      rendered([{ trace_id: [text], source_pod: [`a/${text}x`] }], []);
    fc.assert(
      fc.property(fc.string(), (text) => {
        fc.pre(!text.includes('/'));
        expect(shape(text).where).toBe(shape('plain').where);
      }),
    );
  });

  test('every placeholder has its value', () => {
    const { where, params } = rendered(
      [{ verdict: [1], source_ip: ['10.0.0.0/8', '::/0'] }],
      [{ ip_trace_id: [7n], source_port: ['80'], source_label: ['a > 3', 'b in (c)'] }],
    );
    expect(() => bindLiterals(where, params)).not.toThrow();
    const names = new Set([...where.matchAll(/\{(p\d+):/g)].map(([, name]) => name));
    expect(new Set(Object.keys(params))).toEqual(names);
  });
});

function withoutPlaceholders(sql: string): string {
  return sql.replace(/\{p\d+:[^}]*\}/g, '?');
}

test('columns named are columns of the catalogue', () => {
  const { where } = rendered(
    [{ source_pod: ['a/b'], http_url: ['x'], event_type: [{ type: 129 }], node_labels: ['a'] }],
    [{ tcp_flags: [{ SYN: true }], reply: [true], encrypted: [true], source_fqdn: ['*'] }],
  );
  const known = new Set<string>(FLOW_COLUMNS.map(({ name }) => name));
  const words =
    withoutPlaceholders(where)
      .replace(/'[^']*'/g, '')
      .match(/[a-z]+_[a-z0-9_]+/g) ?? [];
  expect(words.filter((word) => !known.has(word))).toEqual([]);
});

test('what SQL cannot say is narrowed and left to the predicate', () => {
  expect(rendered([], [])).toMatchObject({ where: '1', params: {}, exact: true });
  expect(rendered([{}], []).where).toBe('1');
  expect(rendered([], [{}]).where).toBe('0');
  expect(rendered([{ verdict: [2] }], []).exact).toBe(true);
  const path = { http_path: ['^/v1'] };
  expect(rendered([path], [])).toMatchObject({ exact: false });
  expect(rendered([path], []).where).toContain('l7_protocol = 2');
  // Excluding what is not known for certain would lose rows.
  expect(rendered([], [path])).toMatchObject({ where: '1', exact: false });
  expect(rendered([{ verdict: [2], ...path }], [path]).where).toContain('verdict IN');
  expect(rendered([], [{ source_label: ['cidr:10.0.0.0/8'] }]).where).toBe('1');
});

test('bounds', () => {
  const a = exactly(sql`a`);
  const b = atMost(sql`b`);
  const text = ({ upper, lower }: Bounds) => ({
    upper: upper.render().text,
    lower: lower.render().text,
  });
  expect(text(both([a, b]))).toEqual({ upper: '(a) AND (b)', lower: '0' });
  expect(text(either([a, b]))).toEqual({ upper: '(a) OR (b)', lower: 'a' });
  expect(text(not(b))).toEqual({ upper: '1', lower: 'NOT (b)' });
  expect(both([])).toEqual(TRUE);
  expect(either([])).toEqual(FALSE);
  expect(either([TRUE, a])).toEqual(TRUE);
});

test('filters refused by the predicate are refused here, in the same words', () => {
  const bad: readonly FlowFilter[] = [
    { source_ip: ['x'] },
    { source_port: ['x'] },
    { http_url: ['('] },
    { dns_query: ['['] },
    { node_name: ['a/b/c'] },
    { source_label: ['('] },
    { protocol: ['nope'] },
    { http_status_code: ['20'] },
    { source_pod: [''] },
    { event_type: [{ type: 1 }], http_method: ['get'] },
  ];
  for (const filter of bad) {
    const words = (run: () => unknown) => {
      try {
        run();
        return 'taken';
      } catch (error) {
        return error instanceof Error ? error.message : '';
      }
    };
    const sql = words(() => rendered([filter], []));
    expect(sql).not.toBe('taken');
    expect(words(() => rendered([], [filter]))).toBe(sql);
  }
});

test('slots of time before 1970', () => {
  expect(slotOf(0n)).toBe(0n);
  expect(slotOf(-1n)).toBe(-1n);
  expect(slotOf(-300_000_000_000n)).toBe(-1n);
  expect(slotOf(299_999_999_999n)).toBe(0n);
});
