import { expect, test } from 'vitest';
import { MeshFilter, type MeshOptions } from '../../../../src/ingest/coverage/mesh.ts';

const EAST = ['east/a', 'east/b'];
const BOTH = [...EAST, 'west/a'];

function filter(options: Partial<MeshOptions>, listed?: readonly string[]): MeshFilter {
  const made = new MeshFilter({ name: 'east', mode: 'auto', patterns: [], ...options });
  if (listed) made.learn(listed);
  return made;
}

const kept = (of: MeshFilter) => [...BOTH, 'bare', 'default/x', ''].filter((node) => of.owns(node));

test('one cluster at the relay: all is kept, and its name is learned when ours is another', () => {
  const same = filter({}, EAST);
  expect(same.request()).toEqual([]);
  expect(same.finding()).toBeUndefined();
  expect(same.owns('east/c')).toBe(true);
  const other = filter({ name: 'prod-1' }, EAST);
  expect(other.cluster).toBe('east');
  expect(other.request()).toEqual([]);
  expect(other.finding()).toBeUndefined();
  const unnamed = filter({ name: 'prod-1' }, ['a', 'b']);
  expect(unnamed.cluster).toBe('default');
  expect(unnamed.owns('c')).toBe(true);
});

test('several clusters: ours is asked for, and the others are dropped', () => {
  const east = filter({}, BOTH);
  expect(east.request()).toEqual(['east/']);
  expect(kept(east)).toEqual(['east/a', 'east/b', '']);
  const unnamed = filter({ name: 'lab', ciliumName: 'default' }, [...BOTH, 'bare']);
  expect(unnamed.request()).toEqual(['default/']);
  expect(kept(unnamed)).toEqual(['bare', 'default/x', '']);
});

test('a wrong name is a finding; nothing is dropped while one cluster is all there is', () => {
  const one = filter({ ciliumName: 'oops' }, EAST);
  expect(one.finding()).toMatch(/"oops".*only nodes of east.*they are kept/);
  expect(one.owns('east/a')).toBe(true);
  const many = filter({ ciliumName: 'oops' }, BOTH);
  expect(many.finding()).toMatch(/"oops".*east, west.*dropped/);
  expect(kept(many)).toEqual(['']);
  expect(many.request()).toEqual([]);
  expect(many.learn([...BOTH, 'oops/a'])).toBe(true);
  expect(many.finding()).toBeUndefined();
});

test('on filters whatever the relay lists, off never, and patterns of the configuration are left alone', () => {
  expect(kept(filter({ mode: 'on' }, EAST))).toEqual(['east/a', 'east/b', '']);
  expect(filter({ mode: 'on' }).request()).toEqual(['east/']);
  expect(kept(filter({ mode: 'off' }, BOTH))).toHaveLength(6);
  const asked = filter({ name: 'prod-1', patterns: ['east/', 'west/'] }, BOTH);
  expect(kept(asked)).toHaveLength(6);
  expect(asked.request()).toEqual(['east/', 'west/']);
  expect(asked.finding()).toBeUndefined();
});

test('without a list nothing is known and nothing is dropped', () => {
  expect(kept(filter({ name: 'prod-1' }))).toHaveLength(6);
});
