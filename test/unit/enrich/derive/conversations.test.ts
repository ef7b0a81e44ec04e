import { expect, test } from 'vitest';
import { Conversations } from '../../../../src/enrich/derive/conversations.ts';
import { DenyingPolicies } from '../../../../src/enrich/derive/policies.ts';
import { RecentPolicies } from '../../../../src/enrich/derive/recent-policies.ts';
import { type Fields, fill, newFlows, textsOf } from '../../../support/enrich/flow-tables.ts';

const CART = '[{"name":"cart","namespace":"shop","kind":"CiliumNetworkPolicy"}]';
const TELNET = '[{"name":"no-telnet","kind":"CiliumClusterwideNetworkPolicy"}]';

const base: Fields = {
  cluster: 'east',
  node_name: 'east/n1',
  ip_source: '10.0.0.1',
  ip_destination: '10.0.0.2',
  source_port: 40_000,
  destination_port: 80,
  l4_protocol: 1,
  traffic_direction: 1,
  verdict: 2,
  drop_reason_desc: 181,
  type: 1,
};
const verdict: Fields = { ...base, event_type: 5, ingress_denied_by: CART, policy_match_type: 2 };
const drop: Fields = { ...base, event_type: 1 };

/** Takes batch after batch; gives the denials of each. */
function take(...batches: readonly (readonly Fields[])[]) {
  const { flows } = newFlows();
  const denying = new DenyingPolicies(flows);
  const conversations = new Conversations(flows, denying, new RecentPolicies(64));
  return batches.map((batch) => {
    fill(flows, batch);
    conversations.take(batch.length);
    const { size } = conversations;
    const policies = textsOf(flows, conversations.values.policies, size);
    return Array.from({ length: size }, (_, i) => ({
      drops: conversations.values.drops[i],
      verdicts: conversations.values.verdicts[i],
      policies: policies[i],
      first: conversations.values.first[i],
      last: conversations.values.last[i],
    }));
  });
}

const one = { drops: 1, verdicts: 1, policies: 'CiliumNetworkPolicy shop/cart' };

test('a policy verdict and its drop are one denial, whichever comes first', () => {
  expect(take([verdict, drop])).toEqual([[{ ...one, first: 0, last: 1 }]]);
  expect(take([drop, verdict])).toEqual([[{ ...one, first: 0, last: 1 }]]);
});

test('the policies of either are those of both', () => {
  const other = { ...drop, ingress_denied_by: TELNET };
  const both = 'CiliumClusterwideNetworkPolicy /no-telnet\nCiliumNetworkPolicy shop/cart';
  expect(take([verdict, other])).toMatchObject([[{ policies: both }]]);
});

test('a drop whose verdict came in the batch before has its policies, for some seconds', () => {
  const at = (second: number) => ({ ...drop, second });
  const [, soon, late] = take([{ ...verdict, second: 1000 }], [at(1002)], [at(1011)]);
  expect(soon).toMatchObject([{ drops: 1, verdicts: 0, policies: one.policies }]);
  expect(late).toMatchObject([{ drops: 1, policies: '' }]);
});

test.each<[what: string, other: Fields]>([
  ['another port', { source_port: 40_001 }],
  ['another address', { ip_destination: '10.0.0.3' }],
  ['another node', { node_name: 'east/n2' }],
  ['another cluster', { cluster: 'west' }],
  ['another direction', { traffic_direction: 2 }],
  ['another reason', { drop_reason_desc: 133 }],
  ['audit mode', { verdict: 4 }],
  ['another protocol', { l4_protocol: 2 }],
])('%s is another denial, without its policies', (_, other) => {
  const found = take([verdict, { ...drop, ...other }]);
  expect(found).toMatchObject([
    [
      { drops: 0, verdicts: 1, policies: one.policies },
      { drops: 1, verdicts: 0, policies: '' },
    ],
  ]);
});

test('flows that no policy denied are none', () => {
  const passed = { ...verdict, verdict: 1, drop_reason_desc: 0 };
  const invalid = { ...drop, drop_reason_desc: 134 };
  const unknown = { ...drop, drop_reason_desc: 0 };
  expect(take([passed, invalid, unknown])).toEqual([[]]);
});

test('policies of the other direction, and those that allow, deny nothing', () => {
  const odd = { ...verdict, ingress_denied_by: '', egress_denied_by: CART };
  expect(take([odd])).toMatchObject([[{ policies: '' }]]);
  expect(take([{ ...odd, traffic_direction: 2 }])).toMatchObject([[{ policies: one.policies }]]);
  expect(take([{ ...odd, traffic_direction: 0 }])).toMatchObject([[{ policies: one.policies }]]);
});

test('requests that a proxy refused are denials each for itself', () => {
  const refused = {
    ...base,
    drop_reason_desc: 0,
    type: 2,
    event_type: 129,
    http_method: 'PUT',
    http_url: 'http://a/x',
  };
  const found = take([refused, { ...refused, http_url: 'http://a/y' }, refused]);
  expect(found).toMatchObject([
    [
      { drops: 0, verdicts: 2, first: 0, last: 2 },
      { drops: 0, verdicts: 1 },
    ],
  ]);
});

test('a conversation of two slots is a denial in each, and the policies of both', () => {
  const [found] = take([
    { ...verdict, second: 299 },
    { ...drop, second: 300 },
  ]);
  expect(found).toMatchObject([
    { drops: 0, verdicts: 1, policies: one.policies },
    { drops: 1, verdicts: 0, policies: one.policies },
  ]);
});
