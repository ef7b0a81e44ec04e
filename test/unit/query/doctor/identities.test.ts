import { describe, expect, test } from 'vitest';
import { conflicts, type IdentityObservation } from '../../../../src/query/doctor/identities.ts';

const seen = (name: string, id: number, observer = 'east'): IdentityObservation => ({
  observer,
  name,
  id,
  flows: 7,
});
const checks = (
  sightings: readonly IdentityObservation[],
  clusters: { name: string; id?: number }[] = [],
) =>
  [...conflicts(sightings, clusters)].map(({ check, cluster, what }) => ({ check, cluster, what }));

describe('names, ids and numbers of clusters', () => {
  test('nothing to say where they fit together', () => {
    const clusters = [
      { name: 'east', id: 6 },
      { name: 'west', id: 5 },
    ];
    expect(checks([seen('east', 6), seen('west', 5)], clusters)).toEqual([]);
    expect(checks([seen('east', 6), seen('unknown-here', 9)], clusters)).toEqual([]);
  });

  test('an id other than the configured one: wrong id, or another numbering', () => {
    // 373826 read as a number of 511 clusters: 11 instead of 5.
    const [finding] = conflicts([seen('west', 373826 >>> 15)], [{ name: 'west', id: 5 }]);
    expect(finding).toMatchObject({ check: 'cluster-id', severity: 'problem', cluster: 'east' });
    expect(finding?.what).toBe('identities of west carry cluster id 11, the configuration says 5');
    expect(finding?.cure).toContain('maxConnectedClusters');
  });

  test('two names with one id, and one name with two ids, are told for each observing cluster', () => {
    expect(checks([seen('west', 5), seen('north', 5)])).toEqual([
      {
        check: 'cluster-id-shared',
        cluster: 'east',
        what: 'clusters west and north use the same cluster id 5',
      },
    ]);
    expect(checks([seen('west', 5), seen('west', 8)])).toEqual([
      {
        check: 'cluster-name-shared',
        cluster: 'east',
        what: 'the name west goes with several cluster ids: 5, 8',
      },
    ]);
    // Of another mesh: no contradiction.
    expect(checks([seen('west', 5), seen('north', 5, 'far')])).toEqual([]);
  });
});
