// The parts of the doctor that judge what was seen.
import { describe, expect, test } from 'vitest';
import { judge } from '../../../../src/app/doctor/bus.ts';
import { awaySeconds, ringFindings, ringFor } from '../../../../src/app/doctor/rings.ts';
import { settingsFindings } from '../../../../src/app/doctor/settings.ts';
import { doctorAnswer } from '../../../../src/cli/commands/doctor.ts';
import { render } from '../../../../src/cli/output/render.ts';
import { PLAIN } from '../../../../src/cli/output/screen.ts';
import { clustersConfig, collectorConfig } from '../../../../src/ingest/config.ts';

const collector = collectorConfig.parse({});
const clusters = (...list: object[]) =>
  clustersConfig.parse(list.map((each, i) => ({ relay: `r${i}:80`, ...each })));

describe('rings', () => {
  test('the size that holds, a power of two less one, up to the largest there is', () => {
    expect(ringFor(100, 30)).toBe(4095);
    expect(ringFor(1700, 30)).toBe(65_535);
    expect(ringFor(1, 30)).toBe(1023);
    expect(ringFor(3000, 30)).toBeUndefined();
  });

  test('a ring too small for the measured rate is told with the number to set', () => {
    const [east] = clusters({ name: 'east' });
    if (east === undefined) throw new Error('no cluster');
    const node = (name: string, rate: number) => ({ node: { name, max_flows: 4095n }, rate });
    const view = { cluster: east, status: {}, nodes: [node('a', 20), node('b', 900)] };
    const [finding] = ringFindings(view, collector);
    expect(awaySeconds(collector)).toBe(30);
    expect(finding).toMatchObject({ check: 'ring-size', severity: 'warning', cluster: 'east' });
    expect(finding?.evidence).toBe(
      'b: 900 flows/s into a ring of 4095 are 4.5 s; a collector may be away for 30 s',
    );
    expect(finding?.cure).toBe('set hubble.eventBufferCapacity to 32767');
    const calm = { ...view, nodes: [node('a', 20)] };
    expect([...ringFindings(calm, collector)]).toMatchObject([{ severity: 'ok' }]);
    const wild = { ...view, nodes: [node('a', 9000)] };
    expect([...ringFindings(wild, collector)][0]?.cure).toContain('65535, the largest there is');
  });
});

describe('settings', () => {
  const checks = (list: ReturnType<typeof clusters>) =>
    [...settingsFindings(list)].map(({ check, what }) => `${check}: ${what}`);

  test('clusters that contradict each other', () => {
    expect(checks(clusters({ name: 'a', id: 1 }, { name: 'b', id: 2 }))).toEqual([]);
    expect(checks(clusters({ name: 'a', id: 1 }, { name: 'b', id: 1 }))).toEqual([
      'cluster-id-shared: clusters a and b have the same id 1',
    ]);
    // Id 0 is no id: clusters outside of any mesh have it in common.
    expect(checks(clusters({ name: 'a', id: 0 }, { name: 'b', id: 0 }, { name: 'c' }))).toEqual([]);
    expect(checks(clusters({ name: 'a', relay: 'r:80' }, { name: 'b', relay: 'r:80' }))).toEqual([
      'relay-shared: clusters a and b have the same relay',
    ]);
    expect(
      checks(clusters({ name: 'a', id: 1 }, { name: 'b', id: 2, maxConnectedClusters: 511 })),
    ).toEqual(['identity-numbering: clusters differ in how identity numbers carry cluster ids']);
    expect(checks([])).toEqual(['clusters: no clusters are configured']);
  });
});

describe('bus', () => {
  const probe = {
    topic: 't',
    partitions: 3,
    lag: 0,
    expired: 0,
    deadLetterTopic: 't.dlq',
    deadLetters: 0,
  };

  test('lag, records that expired, dead letters', () => {
    expect(judge(probe, 'g')).toMatchObject([{ check: 'bus-lag', severity: 'ok' }]);
    expect(judge({ ...probe, lag: 5000 }, 'g')).toMatchObject([
      { check: 'bus-lag', severity: 'problem' },
    ]);
    expect(judge({ ...probe, expired: 3, deadLetters: 2 }, 'g')).toMatchObject([
      { severity: 'ok' },
      { check: 'bus-expired', severity: 'problem', evidence: '3 records of t' },
      { check: 'dead-letters', severity: 'warning', evidence: '2 dead letters in t.dlq' },
    ]);
  });
});

test('what is wrong is printed with its evidence and its cure', async () => {
  const findings = [
    ...judge(
      { topic: 't', partitions: 1, lag: 500, expired: 0, deadLetterTopic: 'd', deadLetters: 0 },
      'g',
    ),
  ];
  expect(await render(doctorAnswer(findings), 'table', PLAIN)).toBe(
    [
      'PROBLEM  bus-lag: the writers do not keep up',
      '         seen: topic t, 1 partitions: group g is 500 records behind',
      '         cure: run more writers (up to one per partition), check the health of the store, or give it more CPU',
      '1 problems, 0 warnings, 0 checks passed',
      '',
    ].join('\n'),
  );
});
