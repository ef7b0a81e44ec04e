// Every field of a FlowFilter has a rule in the predicate, a rule in SQL, and a flag that sets it or a word on why not.
import { expect, test } from 'vitest';
import { FILTER_FLAGS } from '../../../../src/hubble/filter/catalogue.ts';
import { frozen } from '../../../../src/hubble/filter/checked.ts';
import { FilterBuilder } from '../../../../src/hubble/filter/flags.ts';
import { filtersFromJson } from '../../../../src/hubble/filter/json.ts';
import { compilePredicate } from '../../../../src/hubble/filter/predicate.ts';
import { FlowFilter } from '../../../../src/hubble/proto/schema.gen.ts';
import { rendered } from '../../../support/query/rendered.ts';

type Field = Exclude<keyof FlowFilter, '$unknown'>;

/** Values that an empty flow does not match, of fields for which one of the plain samples below would not do. */
const SAMPLES: { readonly [F in Field]?: FlowFilter[F] } = {
  source_ip: ['1.1.1.1'],
  source_ip_xlated: ['1.1.1.0/24'],
  source_pod: ['a/b'],
  source_fqdn: ['*.example.com'],
  source_label: ['a=b'],
  source_service: ['a/b'],
  source_workload: [{ name: 'w' }],
  source_cluster_name: ['c*'],
  destination_ip: ['1.1.1.1'],
  destination_pod: ['a/b'],
  destination_fqdn: ['x'],
  destination_label: ['a'],
  destination_service: ['a/'],
  destination_workload: [{ kind: 'Pod' }],
  destination_cluster_name: ['c'],
  drop_reason_desc: [133],
  interface: [{ index: 5, name: 'eth0' }],
  event_type: [{ type: 4, match_sub_type: true, sub_type: 3 }],
  http_status_code: ['5+'],
  protocol: ['tcp'],
  source_port: ['80'],
  destination_port: ['80'],
  http_header: [{ key: 'a', value: 'b' }],
  tcp_flags: [{ SYN: true }],
  node_labels: ['a=b'],
  experimental: { cel_expression: ['false'] },
};
// The schema's fields are the keys of the interface generated with it.
const FIELDS = FlowFilter.fields.map(({ name }) => name as Field);

function sampleOf(name: Field): unknown {
  const field = FlowFilter.byName.get(name);
  if (SAMPLES[name] !== undefined || field === undefined) return SAMPLES[name];
  if (field.kind !== 'scalar') return [1];
  return [{ string: 'x', bool: true, uint64: 1n, int64: 1n }[field.scalar as string] ?? 1];
}

/** Hubble has no flag for them; `--allowlist` and `--denylist` take them. */
const ONLY_RAW: readonly Field[] = ['reply', 'dns_query'];
/** Has tests of its own: its meaning is a language. */
const LANGUAGE: Field = 'experimental';

test.each(FIELDS.filter((field) => field !== LANGUAGE))('%s is looked at by both', (field) => {
  const filter = { [field]: sampleOf(field) };
  expect(compilePredicate([filter], [])({ flow: {} })).toBe(false);
  expect(compilePredicate([], [filter])({ flow: {} })).toBe(true);
  expect(rendered([filter], []).where).not.toBe('1');
  expect(Object.keys(rendered([filter], []).params).length > 0 || isNamed(field)).toBe(true);
});

/** What is chosen from a fixed list stands in the statement by our own numbers. */
function isNamed(field: Field): boolean {
  return field === 'protocol' || field === 'reply';
}

test('every field has a flag, but for those that Hubble has none for', () => {
  const values: Readonly<Record<string, string>> = {
    'tcp-flags': 'SYN',
    verdict: 'DROPPED',
    'drop-reason-desc': 'POLICY_DENIED',
    'http-header': 'a:b',
    'ip-trace-id': '1',
    'traffic-direction': 'ingress',
    type: 'trace',
  };
  const set = new Set<string>();
  for (const flag of FILTER_FLAGS) {
    if (flag === 'not') continue;
    const builder = new FilterBuilder();
    builder.set(flag, values[flag] ?? '1');
    for (const filter of builder.build().whitelist)
      for (const field of Object.keys(filter)) set.add(field);
  }
  expect([...set, ...ONLY_RAW].sort()).toEqual([...FIELDS].sort());
});

test('filters are frozen wherever they come from', () => {
  const builder = new FilterBuilder();
  builder.set('workload', 'Pod/x');
  const { whitelist } = builder.build();
  const raw = filtersFromJson('{"http_header":[{"key":"a"}]}');
  compilePredicate(raw, []);
  const wire: FlowFilter = { verdict: [2], $unknown: new Uint8Array([1]) };
  rendered([wire], []);
  for (const filter of [...whitelist, ...raw, wire]) {
    expect(Object.isFrozen(filter)).toBe(true);
    for (const value of Object.values(filter))
      if (Array.isArray(value)) {
        expect(Object.isFrozen(value)).toBe(true);
        for (const each of value) expect(Object.isFrozen(each)).toBe(true);
      }
  }
  expect(() => wire.verdict?.push(1)).toThrow(TypeError);
  expect(frozen(whitelist)).toBe(whitelist);
});
