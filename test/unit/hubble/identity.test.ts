import { expect, test } from 'vitest';
import {
  clusterIdOf,
  identityKind,
  isNodeLocal,
  type MeshSize,
  RESERVED_IDENTITIES,
} from '../../../src/hubble/identity.ts';
import { responseFromJson } from '../../../src/hubble/json/json.ts';
import { fixtureLines } from '../../support/hubble/fixture.ts';

test.each<[number, MeshSize, string, number | undefined]>([
  [0, 255, 'unknown', undefined],
  [1, 255, 'reserved', undefined],
  [255, 511, 'reserved', undefined],
  [256, 255, 'cluster-local', undefined],
  [0xffff, 255, 'cluster-local', undefined],
  [0x7fff, 511, 'cluster-local', undefined],
  [0x8000, 511, 'mesh', 1],
  [0x10000, 255, 'mesh', 1],
  [373_826, 255, 'mesh', 5],
  [0x2a0000, 255, 'mesh', 42],
  [0x2a0000, 511, 'mesh', 84],
  [0xffffff, 255, 'mesh', 255],
  [0xff8000, 511, 'mesh', 511],
  [0xffffff, 511, 'mesh', 511],
  [0x1000000, 255, 'cidr', undefined],
  [0x1ffffff, 511, 'cidr', undefined],
  [0x2000001, 255, 'remote-node', undefined],
  [0x3000000, 255, 'unassigned', undefined],
  [0xffffffff, 511, 'unassigned', undefined],
])('%i with %i clusters is %s of cluster %s', (identity, mesh, kind, cluster) => {
  expect(identityKind(identity, mesh)).toBe(kind);
  expect(clusterIdOf(identity, mesh)).toBe(cluster);
  expect(isNodeLocal(identity)).toBe(kind === 'cidr' || kind === 'remote-node');
});

test('reserved numbers have the names Hubble prints', () => {
  expect(RESERVED_IDENTITIES.indexOf('remote-node')).toBe(6);
  expect(RESERVED_IDENTITIES.indexOf('world-ipv6')).toBe(10);
});

test('the cluster in the number is the cluster of the flow', () => {
  const ids = new Map([
    ['liz-cm-eks-6', 6],
    ['liz-cm-gke-5', 5],
    ['kind-lab', 12],
  ]);
  let checked = 0;
  for (const line of fixtureLines('corpus/flows')) {
    const { source } = responseFromJson(line).flow ?? {};
    const id = clusterIdOf(source?.identity ?? 0, 255);
    if (!source?.cluster_name || id === undefined) continue;
    expect([source.cluster_name, id]).toEqual([source.cluster_name, ids.get(source.cluster_name)]);
    checked++;
  }
  expect(checked).toBeGreaterThan(500);
});
