import { describe, expect, it } from 'vitest';
import { type IncidentFacts, incidentOf } from '../../../../src/incident/incident.ts';
import { explainIncident } from '../../../../src/query/denials/explain.ts';
import type { PeerView } from '../../../../src/query/denials/peer-view.ts';
import { MINUTE_NS } from '../../../../src/runtime/time.ts';

const NOON = 1_773_489_600_000_000_000n;
const end = (cluster: string, name: string) => ({
  cluster,
  namespace: 'a',
  workload: `a/Deployment/${name}`,
  peer: '',
});
const FACTS: IncidentFacts = {
  incident: 1n,
  cluster: 'west',
  verdict: 2,
  direction: 1,
  code: 133,
  policies: '',
  protocol: 1,
  port: 80,
  source: end('east', 'web'),
  destination: end('west', 'db'),
  firstSeen: NOON,
  lastSeen: NOON,
  drops: 1,
  verdicts: 1,
};
const SEEN: PeerView = {
  side: 'source',
  cluster: 'east',
  flows: 2,
  verdicts: { FORWARDED: 2 },
  text: 'cluster east saw 2 flows of it at the source: 2 FORWARDED',
};

function story(facts: Partial<IncidentFacts>, other: PeerView = SEEN, watched = 0n) {
  const at = {
    now: NOON + 30n * MINUTE_NS,
    quiet: 10n * MINUTE_NS,
    newSince: 0n,
    window: MINUTE_NS,
  };
  return explainIncident(incidentOf({ ...FACTS, ...facts }, { ...at, watched }), [], other);
}

describe('the story of an incident', () => {
  it('says who, why, and that it looks forwarded at the source', () => {
    const { sentences, unknown } = story({}, SEEN, 30n * MINUTE_NS);
    expect(sentences).toEqual([
      'east a/web called west a/db on TCP port 80 and was denied once in this window; first seen 2026-03-14T12:00:00Z, last seen 2026-03-14T12:00:00Z.',
      'Cluster west dropped it on INGRESS at the destination: POLICY_DENIED. Policies select the destination and no rule allows this traffic (default deny).',
      'The other side: cluster east saw 2 flows of it at the source: 2 FORWARDED. The source sees forwarded flows, because only the destination reports the denial.',
      'Resolved: no denial since, while cluster west was collected. It is new.',
    ]);
    expect(unknown).toHaveLength(1);
  });

  it.each([
    [{ code: 181, policies: 'CiliumNetworkPolicy a/no' }, 'denied by CiliumNetworkPolicy a/no'],
    [{ code: 181 }, 'denied by a deny rule'],
    [
      { code: 189, policies: 'CiliumNetworkPolicy a/auth' },
      'mutual authentication (CiliumNetworkPolicy a/auth)',
    ],
    [{ code: 0 }, 'A proxy in cluster west refused requests'],
    [{ code: 177 }, 'loadBalancerSourceRanges'],
    [{ code: 195 }, 'Strict encryption'],
    [{ code: 134 }, '"Invalid packet"'],
    [{ verdict: 4 }, 'It was forwarded'],
    [{ direction: 2, cluster: 'east' }, 'on EGRESS at the source'],
  ] as const)('%j: %s', (facts, words) => {
    expect(story(facts).sentences.join(' ')).toContain(words);
  });

  it('says what is open', () => {
    const missing = {
      ...SEEN,
      flows: 0,
      verdicts: {},
      missing: 'not-seen',
      text: 'nothing',
    } as const;
    const { unknown, sentences } = story({ source: end('', 'web') }, missing);
    expect(unknown.join(' ')).toContain('The cluster of a/web: no flow names it.');
    expect(unknown.join(' ')).toContain('What the source side saw: nothing.');
    expect(sentences.join(' ')).toContain('was not collected for long enough');
    expect(story({ code: 181 }).unknown.join(' ')).toContain('The denying policy');
    expect(story({ verdict: 4 }).unknown.join(' ')).toContain('no flow names one');
  });
});
