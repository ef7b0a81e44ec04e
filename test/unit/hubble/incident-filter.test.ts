import { describe, expect, it } from 'vitest';
import { endOf, type Incident } from '../../../src/hubble/incident.ts';
import { compileIncidentFilter, type IncidentFilter } from '../../../src/hubble/incident-filter.ts';

const incident: Incident = {
  id: '0000000000000abc',
  text: '',
  cluster: 'eks-6',
  verdict: 'DROPPED',
  direction: 'INGRESS',
  reason: 'POLICY_DENIED',
  code: 133,
  how: 'denied-by-policy',
  policies: [{ kind: 'CiliumNetworkPolicy', namespace: 'shop', name: 'only-web' }],
  source: endOf({
    cluster: 'gke-5',
    namespace: 'farfaraway',
    workload: 'farfaraway/Deployment/xwing',
    peer: '',
  }),
  destination: endOf({
    cluster: 'eks-6',
    namespace: 'shop',
    workload: '',
    peer: 'cidr:10.0.0.0/8',
  }),
  protocol: 'TCP',
  port: 443,
  firstSeen: '',
  lastSeen: '',
  count: 1,
  rate: 1,
  state: 'open',
  new: true,
  known: false,
};
const matches = (filter: IncidentFilter, of: Partial<Incident> = {}) =>
  compileIncidentFilter(filter)({ ...incident, ...of });

describe('a filter of incidents', () => {
  it('takes what was dropped when nothing is asked for, and what was audited on demand only', () => {
    expect(matches({})).toBe(true);
    expect(matches({}, { verdict: 'AUDIT' })).toBe(false);
    expect(matches({ verdict: ['audit'] }, { verdict: 'AUDIT' })).toBe(true);
    expect(matches({ verdict: ['AUDIT', 'DROPPED'] })).toBe(true);
    expect(matches({ verdict: ['AUDIT'] })).toBe(false);
  });

  it.each<[IncidentFilter, boolean]>([
    [{ cluster: ['eks-6'] }, true],
    [{ cluster: ['gke-5'] }, false],
    [{ fromCluster: ['gke-*'] }, true],
    [{ toCluster: ['gke-*'] }, false],
    [{ namespace: ['shop'] }, true],
    [{ namespace: ['farfaraway'] }, true],
    [{ fromNamespace: ['shop'] }, false],
    [{ toNamespace: ['other', 'sh*'] }, true],
    [{ workload: ['xwing'] }, true],
    [{ workload: ['farfaraway/xwing'] }, true],
    [{ workload: ['farfaraway/Deployment/xwing'] }, true],
    [{ workload: ['farfaraway/*'] }, true],
    [{ toWorkload: ['xwing'] }, false],
    [{ toWorkload: ['10.0.0.0/8'] }, true],
    [{ toWorkload: ['cidr:*'] }, true],
    [{ policy: ['only-web'] }, true],
    [{ policy: ['shop/only-web'] }, true],
    [{ policy: ['CiliumNetworkPolicy shop/only-web'] }, true],
    [{ policy: ['none'] }, false],
    [{ reason: ['policy_denied'] }, true],
    [{ reason: ['denied-by-policy'] }, true],
    [{ reason: ['default-deny'] }, false],
    [{ direction: ['ingress'] }, true],
    [{ protocol: ['UDP'] }, false],
    [{ port: [80, 443] }, true],
    [{ port: [80] }, false],
    [{ namespace: ['shop'], port: [80] }, false],
    [{ namespace: [], port: [] }, true],
    [{ not: { port: [443] } }, false],
    [{ not: { port: [443], namespace: ['other'] } }, true],
    [{ not: {} }, true],
    [{ namespace: ['shop'], not: { fromWorkload: ['ywing'] } }, true],
  ])('%j: %s', (filter, wanted) => expect(matches(filter)).toBe(wanted));

  it('knows the policies of a default deny as none', () => {
    expect(matches({ policy: ['none'] }, { policies: [] })).toBe(true);
  });

  it.each([
    ['*', true],
    ['a*', false],
    ['*ng', true],
    ['x*g', true],
    ['x*i*g', true],
    ['xwin*ing', false],
    ['xwing*xwing', false],
    ['**', true],
  ])('the pattern %s', (pattern, wanted) => {
    expect(matches({ fromWorkload: [pattern], not: { fromWorkload: ['none'] } })).toBe(wanted);
  });
});
