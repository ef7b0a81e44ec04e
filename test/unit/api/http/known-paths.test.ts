// A wrong method is told apart from a wrong path.
import Fastify from 'fastify';
import { expect, test } from 'vitest';
import { KnownPaths } from '../../../../src/api/http/known-paths.ts';

test('a path is known by its routes, parameters and colons included', async () => {
  const app = Fastify();
  const paths = new KnownPaths();
  paths.watch(app);
  app.get('/api/v1/flows', () => '');
  app.post('/api/v1/flows::query', () => '');
  app.get('/api/v1/incidents/:id/policy', () => '');
  await app.ready();
  expect(paths.methodsOf('/api/v1/flows')).toEqual(['GET', 'HEAD']);
  expect(paths.methodsOf('/api/v1/flows:query')).toEqual(['POST']);
  expect(paths.methodsOf('/api/v1/incidents/00ff/policy')).toEqual(['GET', 'HEAD']);
  expect(paths.methodsOf('/api/v1/incidents/00ff/x/policy')).toEqual([]);
  expect(paths.methodsOf('/api/v1/flowsX')).toEqual([]);
  expect(paths.methodsOf('/')).toEqual([]);
});
