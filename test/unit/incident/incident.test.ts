import { describe, expect, it } from 'vitest';
import {
  type IncidentFacts,
  incidentHow,
  incidentId,
  incidentNumber,
  incidentOf,
  incidentPolicies,
  incidentPolicyText,
  incidentState,
  whyText,
} from '../../../src/incident/incident.ts';
import { MINUTE_NS } from '../../../src/runtime/time.ts';

const NOON = 1_773_489_600_000_000_000n;
const at = {
  now: NOON,
  quiet: 10n * MINUTE_NS,
  watched: 0n,
  newSince: 0n,
  window: 60n * MINUTE_NS,
};

const facts: IncidentFacts = {
  incident: 0xabcn,
  cluster: 'liz-cm-eks-6',
  verdict: 2,
  direction: 1,
  code: 133,
  policies: '',
  protocol: 1,
  port: 80,
  source: {
    cluster: 'liz-cm-gke-5',
    namespace: 'farfaraway',
    workload: 'farfaraway/Deployment/xwing',
    peer: '',
  },
  destination: {
    cluster: 'liz-cm-eks-6',
    namespace: 'farfaraway',
    workload: 'farfaraway/Deployment/rebel-base',
    peer: '',
  },
  firstSeen: NOON - 30n * MINUTE_NS,
  lastSeen: NOON - MINUTE_NS,
  drops: 90,
  verdicts: 88,
};

describe('an incident', () => {
  it('says who is denied what, where and why', () => {
    const incident = incidentOf(facts, { ...at, newSince: NOON - 60n * MINUTE_NS });
    expect(incident).toMatchObject({
      id: '0000000000000abc',
      reason: 'POLICY_DENIED',
      how: 'default-deny',
      direction: 'INGRESS',
      protocol: 'TCP',
      firstSeen: '2026-03-14T11:30:00Z',
      count: 90,
      rate: 1.5,
      state: 'open',
      new: true,
      known: false,
    });
    expect(incident.text).toBe(
      'liz-cm-gke-5 farfaraway/xwing → liz-cm-eks-6 farfaraway/rebel-base TCP:80, INGRESS in liz-cm-eks-6: default deny, no rule allows it',
    );
  });

  it('is known when it was seen before', () => {
    const incident = incidentOf(facts, { ...at, newSince: NOON - 10n * MINUTE_NS });
    expect(incident).toMatchObject({ new: false, known: true });
  });

  it('calls an end without a workload by its peer name, and what nothing is known of unknown', () => {
    const end = (peer: string, namespace = '') =>
      incidentOf({ ...facts, source: { cluster: '', namespace, workload: '', peer } }, at).source
        .text;
    expect(end('cidr:10.1.0.0/16')).toBe('10.1.0.0/16');
    expect(end('reserved:world')).toBe('reserved:world');
    expect(end('naked', 'shop')).toBe('shop/naked');
    expect(end('', 'shop')).toBe('shop/?');
    expect(end('')).toBe('unknown');
  });

  it('is resolved by silence that somebody listened to, and by no other', () => {
    const lastSeen = NOON - 30n * MINUTE_NS;
    expect(incidentState(lastSeen, { ...at, watched: 30n * MINUTE_NS })).toBe('resolved');
    expect(incidentState(lastSeen, { ...at, watched: 9n * MINUTE_NS })).toBe('stale');
    expect(incidentState(NOON - 10n * MINUTE_NS, { ...at, watched: 10n * MINUTE_NS })).toBe('open');
  });

  it.each([
    [2, 133, '', 'default-deny'],
    [2, 133, 'CiliumNetworkPolicy shop/a', 'denied-by-policy'],
    [2, 181, '', 'denied-by-unnamed-policy'],
    [2, 181, 'CiliumNetworkPolicy shop/a', 'denied-by-policy'],
    [2, 189, '', 'authentication-required'],
    [2, 177, '', 'denied-by-source-range'],
    [2, 195, '', 'encryption-required'],
    [2, 0, '', 'denied-by-proxy'],
    [2, 999, '', 'denied'],
    [4, 0, '', 'audit'],
  ] as const)('verdict %i, reason %i, policies "%s": %s', (verdict, code, policies, how) => {
    expect(incidentHow({ verdict, code, policies })).toBe(how);
    const words = whyText({ how, reason: 'X', policies: incidentPolicies(policies) });
    expect(words).not.toBe('');
    if (policies !== '') expect(words).toContain('shop/a');
  });

  it('reads policies with and without kind and namespace', () => {
    const lines = 'CiliumNetworkPolicy shop/a\nCiliumClusterwideNetworkPolicy /b\nshop/c\nd';
    expect(incidentPolicies(lines).map(incidentPolicyText)).toEqual([
      'CiliumNetworkPolicy shop/a',
      'CiliumClusterwideNetworkPolicy b',
      'shop/c',
      'd',
    ]);
    expect(incidentPolicies('')).toEqual([]);
  });

  it('has a number that is written as 16 hex digits', () => {
    expect(incidentNumber(incidentId(2n ** 64n - 1n))).toBe(2n ** 64n - 1n);
    expect(incidentId(10n)).toBe('000000000000000a');
    for (const text of ['', '12', 'xyz', '0x00000000000000', '000000000000000a0'])
      expect(incidentNumber(text)).toBeUndefined();
  });
});
