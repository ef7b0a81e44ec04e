import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import {
  type Denied,
  type IncidentLimits,
  Incidents,
} from '../../../../src/enrich/derive/incidents.ts';
import { fill, newFlows } from '../../../support/enrich/flow-tables.ts';

const roomy = { maxIncidents: 1000, maxPorts: 1000 };

/** Denials from the xwing to whom, by what they are called there. */
function incidentsOf(limits: IncidentLimits, names: readonly string[] = ['']) {
  const { flows, parties } = newFlows();
  fill(
    flows,
    names.map((destination_names) => ({
      source_cluster: 'gke',
      source_namespace: 'farfaraway',
      source_workload: 'farfaraway/Deployment/xwing',
      destination_cluster: 'eks',
      destination_names,
      destination_labels: 'reserved:world',
    })),
  );
  parties.begin();
  const party = (end: 'source' | 'destination', row: number) =>
    parties.of(
      flows.groups[end][row] ?? 0,
      flows.groups[`${end}_at`][row] ?? 0,
      flows.columns[`${end}_names`][row] ?? 0,
    );
  const incidents = new Incidents(flows.texts, parties, limits);
  incidents.begin();
  const denied = (port: number, row = 0): Denied => ({
    cluster: flows.texts.addText('eks'),
    policies: 0,
    verdict: 2,
    direction: 1,
    protocol: 1,
    reason: 133,
    port,
    source: party('source', row),
    destination: party('destination', row),
  });
  return { incidents, denied, parties, texts: flows.texts };
}

test('the number is the hash of what is denied', () => {
  const { incidents, denied } = incidentsOf(roomy, ['api.example.com']);
  const json = JSON.stringify([
    'eks',
    2,
    1,
    133,
    '',
    1,
    80,
    'gke',
    'farfaraway',
    'farfaraway/Deployment/xwing',
    '',
    'eks',
    '',
    '',
    'api.example.com',
  ]);
  const hash = createHash('sha256').update(json).digest('hex').slice(0, 16);
  const incident = incidents.of(denied(80));
  expect(incidents.number(incident).toString(16).padStart(16, '0')).toBe(hash);
  // Known anywhere: never to change.
  expect(hash).toBe('8ec91cd9f82a2e35');
  expect(incidents.of(denied(80))).toBe(incident);
  expect(incidents.of(denied(81))).not.toBe(incident);
});

test('past so many ports between two ends the others are one incident with port 0', () => {
  const { incidents, denied } = incidentsOf({ ...roomy, maxPorts: 3 });
  const ports = Array.from({ length: 5000 }, (_, i) => i + 1);
  const found = new Set(ports.map((port) => incidents.of(denied(port))));
  expect([...found].map((incident) => incidents.facts(incident).port)).toEqual([1, 2, 3, 0]);
  expect(incidents.folded).toBe(4997);
  // Those that were told apart still are, and the next batch begins anew.
  expect(incidents.facts(incidents.of(denied(2))).port).toBe(2);
  incidents.begin();
  expect(incidents.facts(incidents.of(denied(4711))).port).toBe(4711);
  expect(incidents.folded).toBe(0);
});

test('past so many incidents ports are left out, past twice as many names', () => {
  const names = Array.from({ length: 100 }, (_, i) => `host-${i}.example.com`);
  const { incidents, denied, parties, texts } = incidentsOf({ ...roomy, maxIncidents: 10 }, names);
  const found = new Set(names.map((_, row) => incidents.of(denied(443, row))));
  const facts = [...found].map((incident) => incidents.facts(incident));
  const told = facts.map(
    ({ port, destination }) => `${texts.text(parties.text(destination, 'peer'))}:${port}`,
  );
  expect(told).toEqual([
    ...names.slice(0, 10).map((name) => `${name}:443`),
    ...names.slice(10, 20).map((name) => `${name}:0`),
    ':0',
  ]);
  expect(incidents.folded).toBe(90);
});
