// The forms of filter flags that the document declares, held against the code that reads the flags.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FILTER_FLAGS } from '../../../../src/hubble/filter/catalogue.ts';
import { FilterBuilder } from '../../../../src/hubble/filter/flags.ts';
import { RESERVED_IDENTITIES } from '../../../../src/hubble/identity.ts';
import { filtersOf } from '../../../../src/query/request/fields.ts';
import { formOf } from '../../../../src/query/request/flag-forms.ts';
import { compileSql } from '../../../../src/query/sql/compile.ts';

const taken = (flag: string, value: string) => {
  try {
    const { whitelist, blacklist } = filtersOf({ [flag]: value } as object);
    compileSql(whitelist, blacklist);
    return true;
  } catch {
    return false;
  }
};
const LIKELY = [
  ...['DROPPED', 'dropped', 'POLICY_DENIED', 'tcp', 'HTTP', 'igmp', 'SYN', 'syn,ack', 'SYN,', 'NS'],
  ...['ingress', 'EGRESS', '404', '5+', '40+', '600', '99', 'x:y', ':', '0', '1', '007', '65535'],
  ...['18446744073709551615', '18446744073709551616', '0018446744073709551615'],
  ...['4294967295', '4294967296', '0x10', '0b12', '017', '018', '0o7', '65536', '99999'],
  ...['', 'true', 'false', 'world', 'kube-apiserver', '12', 'a/b', '-1', '+1'],
];
const values = fc.oneof(
  fc.constantFrom(...LIKELY, ...RESERVED_IDENTITIES),
  fc.nat(70_000).map(String),
  fc.string(),
);

test.each(FILTER_FLAGS.filter((flag) => flag !== 'not' && formOf(flag) !== undefined))(
  '%s takes what its form says, and nothing else',
  (flag) => {
    const { pattern, minLength = 0, enum: words } = formOf(flag)?.form ?? {};
    fc.assert(
      fc.property(values, (value) => {
        const fits =
          value.length >= minLength &&
          (words === undefined || words.includes(value)) &&
          (pattern === undefined || new RegExp(pattern).test(value));
        expect([value, taken(flag, value)]).toEqual([value, fits]);
      }),
      { numRuns: 300 },
    );
  },
);

test('a number of an identity is taken as its form says', () => {
  const builder = new FilterBuilder();
  for (const value of ['0', '12', '0x10', '4294967295']) {
    expect(new RegExp(formOf('identity')?.form.pattern ?? '').test(value)).toBe(true);
    builder.set('from-identity', value);
  }
  expect(builder.build().whitelist[0]?.source_identity).toEqual([0, 12, 16, 4_294_967_295]);
});
