import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { endOf, type Incident } from '../../../src/incident/incident.ts';
import {
  CONDITION_NAMES,
  conditionPattern,
  conditionProblem,
  filterOfParameters,
  parameterOf,
} from '../../../src/incident/incident-conditions.ts';
import {
  compileIncidentFilter,
  type IncidentFilter,
} from '../../../src/incident/incident-filter.ts';

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
    [{ crossCluster: true }, true],
    [{ crossCluster: false }, false],
    [{ not: { crossCluster: true } }, false],
    [{ peer: ['10.0.0.0/8'] }, true],
    [{ peer: ['10.0.0.0/7'] }, true],
    [{ peer: ['10.0.0.0/9'] }, false],
    [{ peer: ['10.0.0.1'] }, false],
    [{ peer: ['::/0'] }, false],
    [{ peer: ['cidr:10.*'] }, true],
    [{ toPeer: ['0.0.0.0/0'] }, true],
    [{ fromPeer: ['*'] }, false],
    [{ not: { toPeer: ['10.0.0.0/8'] } }, false],
    [{ not: [{ port: [80] }, { namespace: ['other'] }] }, true],
    [{ not: [{ port: [80] }, { namespace: ['shop'] }] }, false],
    [{ not: [{}, { port: [] }] }, true],
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

  it('knows whether clusters differ only where both are known', () => {
    const world = endOf({ cluster: '', namespace: '', workload: '', peer: 'reserved:world' });
    expect(matches({ crossCluster: true }, { source: world })).toBe(false);
    expect(matches({ crossCluster: false }, { source: world })).toBe(true);
    expect(matches({ crossCluster: true }, { destination: incident.source })).toBe(false);
  });

  it('takes peers by DNS name and by single address', () => {
    const peer = (name: string) => ({
      source: endOf({ cluster: '', namespace: '', workload: '', peer: name }),
    });
    expect(matches({ fromPeer: ['*.example.com'] }, peer('api.example.com'))).toBe(true);
    expect(matches({ fromPeer: ['*.example.com'] }, peer('example.com'))).toBe(false);
    expect(matches({ fromPeer: ['192.0.2.0/24'] }, peer('192.0.2.7'))).toBe(true);
    expect(matches({ fromPeer: ['192.0.2.7'] }, peer('cidr:192.0.2.7/32'))).toBe(true);
    expect(matches({ fromPeer: ['2001:db8::/32'] }, peer('cidr:2001:db8:1::/48'))).toBe(true);
    expect(matches({ fromPeer: ['reserved:world'] }, peer('reserved:world'))).toBe(true);
  });
});

describe('conditions as parameters', () => {
  const of = (...pairs: [string, ...string[]][]) =>
    filterOfParameters(pairs.map(([name, ...values]) => [name, values] as const));

  it('say what a configuration says', () => {
    expect(of(['from-cluster', 'a', 'b'], ['port', '80'], ['cross-cluster', ''])).toEqual({
      fromCluster: ['a', 'b'],
      port: [80],
      crossCluster: true,
    });
    expect(of(['not.port', '22'], ['not.to-peer', '10.0.0.0/8'])).toEqual({
      not: [{ port: [22] }, { toPeer: ['10.0.0.0/8'] }],
    });
  });

  it.each<[[string, ...string[]], RegExp]>([
    [['nonsense', 'x'], /^nonsense: is no condition; there are cluster, from-cluster/],
    [['not.nonsense', 'x'], /^not\.nonsense: is no condition/],
    [['port', '70000'], /^port: "70000" is no port/],
    [['cross-cluster', 'yes'], /^cross-cluster: takes true or false, not "yes"/],
    [['verdict', 'DENIED'], /^verdict: "DENIED" is none; there are DROPPED, AUDIT/],
    [['direction', 'up'], /^direction: "up" is none; there are INGRESS, EGRESS/],
    [['from-peer', '10.0.0.0/33'], /^from-peer: "10\.0\.0\.0\/33" is no prefix/],
    [['to-peer', 'fe80::/129'], /^to-peer: .* is no prefix/],
    [['namespace', ''], /^namespace: is empty/],
  ])('%j is refused', (pair, why) => expect(() => of(pair)).toThrow(why));

  it('take whatever their patterns take, and nothing else', () => {
    for (const name of CONDITION_NAMES) {
      const pattern = conditionPattern(name);
      if (pattern === undefined) continue;
      const values = fc.oneof(
        fc.string(),
        fc.constantFrom('ingress', 'AUDIT', 'dropped', 'e*', '80', '99999', '-1', '00080'),
      );
      fc.assert(
        fc.property(values, (value) => {
          const refused = value === '' || conditionProblem(name, value) !== undefined;
          // Of numbers a pattern knows the form only.
          if (name !== 'port' || Number(value) <= 65_535)
            expect(pattern.test(value)).toBe(!refused);
        }),
      );
    }
  });

  // Each condition, in every way of asking: a flow of one kind that it finds, and its negation does not.
  it.each<[string, string, Partial<Incident>]>([
    ['cluster', 'eks-*', {}],
    ['from-cluster', 'gke-5', {}],
    ['to-cluster', 'eks-6', {}],
    ['cross-cluster', 'true', {}],
    ['namespace', 'farfar*', {}],
    ['from-namespace', 'farfaraway', {}],
    ['to-namespace', 'shop', {}],
    ['workload', 'farfaraway/xwing', {}],
    ['from-workload', 'xw*', {}],
    ['to-workload', 'xwing', { destination: incident.source }],
    ['peer', '10.0.0.0/8', {}],
    ['from-peer', '*.example.com', { source: { ...incident.destination, peer: 'a.example.com' } }],
    ['to-peer', '10.0.0.0/8', {}],
    ['policy', 'shop/only-web', {}],
    ['reason', 'default-deny', { how: 'default-deny' }],
    ['direction', 'ingress', {}],
    ['protocol', 'tcp', {}],
    ['port', '443', {}],
    ['verdict', 'DROPPED', {}],
  ])('%s=%s finds it and not.%s leaves it out', (name, value, change) => {
    expect(matches(of([name, value]), change)).toBe(true);
    expect(matches(of([`not.${name}`, value]), change)).toBe(false);
    const other = name === 'port' ? '1' : name === 'cross-cluster' ? 'false' : 'x*nothing';
    expect(matches(of([name, other]), change)).toBe(false);
    expect(matches(of([`not.${name}`, other]), change)).toBe(true);
  });

  it('cover every condition there is', () => {
    expect(CONDITION_NAMES.map(parameterOf).sort()).toEqual(
      [
        ...['cluster', 'cross-cluster', 'direction', 'from-cluster', 'from-namespace', 'from-peer'],
        ...['from-workload', 'namespace', 'peer', 'policy', 'port', 'protocol', 'reason'],
        ...['to-cluster', 'to-namespace', 'to-peer', 'to-workload', 'verdict', 'workload'],
      ].sort(),
    );
  });
});
