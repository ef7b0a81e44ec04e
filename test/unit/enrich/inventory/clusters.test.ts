import { expect, test } from 'vitest';
import {
  createClusterFinder,
  type EndFacts,
  ORIGIN,
} from '../../../../src/enrich/inventory/clusters.ts';

const LABEL = 'k8s:io.cilium.k8s.policy.cluster=';
const end = (facts: Partial<EndFacts>): EndFacts => ({
  identity: 0,
  clusterName: '',
  namespace: '',
  podName: '',
  labels: [],
  ...facts,
});

const finder = createClusterFinder((observer) => {
  if (observer === 'small') return { names: new Map([[42, 'lab']]) };
  return observer === 'large' ? { size: 511, names: new Map([[84, 'lab']]) } : undefined;
});

test.each<[string, Partial<EndFacts>, object]>([
  [
    'the flow before the label',
    { identity: 0x2a0001, clusterName: 'a', labels: [`${LABEL}b`] },
    { name: 'a', id: 42, origin: ORIGIN.flow },
  ],
  [
    'the label before the number',
    { identity: 0x2a0001, labels: ['k8s:app=x', `${LABEL}b`] },
    { name: 'b', id: 42, origin: ORIGIN.label },
  ],
  ['the number', { identity: 0x2a0001 }, { name: 'lab', id: 42, origin: ORIGIN.identity }],
  ['a number nobody named', { identity: 0x2b0001 }, { name: '', id: 43, origin: ORIGIN.none }],
  ['an empty label', { labels: [LABEL] }, { name: '', id: 0, origin: ORIGIN.none }],
  ['a reserved number', { identity: 2 }, { name: '', id: 0, origin: ORIGIN.none }],
  ['a node-local number', { identity: 0x12a0001 }, { name: '', id: 0, origin: ORIGIN.none }],
])('%s says which cluster', (_, facts, expected) => {
  expect(finder.find('small', end(facts))).toEqual(expected);
});

test('the same number is another cluster where the mesh numbers for 511', () => {
  expect(finder.find('large', end({ identity: 0x2a0001 }))).toMatchObject({ name: 'lab', id: 84 });
  expect(finder.find('other', end({ identity: 0x2a0001 }))).toMatchObject({ name: '', id: 42 });
});
