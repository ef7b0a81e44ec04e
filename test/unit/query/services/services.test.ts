import { describe, expect, test } from 'vitest';
import { serviceNameOf } from '../../../../src/query/services/name.ts';
import { foldServices } from '../../../../src/query/services/services.ts';
import type { Usage, UsageCounts } from '../../../../src/query/services/sql.ts';

const NOTHING = { service: '', host: '', names: '', workloads: '', labels: '' };

describe('the name of a service', () => {
  test.each([
    [{ service: 'shop/front', host: 'api.shop' }, 'shop/front', 'service'],
    [{ host: 'api.shop.svc.cluster.local:8080' }, 'shop/api', 'http'],
    [{ host: 'api.shop' }, 'shop/api', 'http'],
    [
      { host: 'api.other.svc.cluster.local', workloads: 'Deployment/api-v1' },
      'shop/api-v1',
      'workload',
    ],
    [{ host: 'www.example.com', names: 'x.example.com\napi.shop.svc' }, 'shop/api', 'dns'],
    [{ labels: 'k8s:app=web\nk8s:name=n' }, 'shop/web', 'label'],
    [{}, 'shop/api-v1', 'pod'],
  ])('%j', (facts, name, by) => {
    const pod = 'api-v1-7dbb8cdfdb-5bsf5';
    expect(serviceNameOf('shop', pod, { ...NOTHING, ...facts })).toEqual({ name, by });
  });

  test.each([
    ['redis-0', 'shop/redis'],
    ['agent-x9zqk', 'shop/agent'],
    ['tiefighter', 'shop/tiefighter'],
  ])('of a pod called %s', (pod, name) => {
    expect(serviceNameOf('shop', pod, NOTHING).name).toBe(name);
  });
});

const ZERO: UsageCounts = {
  connections: 0,
  answered: 0,
  denied: 0,
  dropped: 0,
  audited: 0,
  requests: 0,
  responses: 0,
  serverErrors: 0,
  clientErrors: 0,
  latencyCount: 0,
  latencySum: 0,
};

function usage(
  from: string,
  to: string,
  counts: Partial<UsageCounts>,
  more: Partial<Usage> = {},
): Usage {
  return {
    namespace: 'shop',
    pod: `api-${to || 'x'}`,
    cluster: to,
    clientCluster: from,
    outside: false,
    port: 80,
    protocol: 1,
    named: { ...NOTHING, workloads: 'Deployment/api' },
    counts: { ...ZERO, ...counts },
    ...more,
  };
}

test('shares, denials and preference of a global service', () => {
  const [service, ...others] = foldServices([
    usage('a', 'a', {
      connections: 12,
      answered: 12,
      responses: 4,
      latencyCount: 4,
      latencySum: 8e6,
    }),
    usage('a', 'b', { connections: 4, answered: 4, serverErrors: 1 }),
    usage('b', 'b', { connections: 20, answered: 20 }),
    usage('c', 'b', { connections: 3, denied: 3 }),
  ]);
  expect(others).toEqual([]);
  expect(service).toMatchObject({
    service: 'shop/api',
    namedBy: 'workload',
    global: true,
    connections: 39,
    answered: 36,
    denied: 3,
    latencyMs: 2,
    ports: ['80/TCP'],
    backends: [
      { cluster: 'b', pods: ['api-b'], connections: 27, answered: 24, share: 0.6667 },
      { cluster: 'a', pods: ['api-a'], connections: 12, answered: 12, share: 0.3333 },
    ],
    affinity: { a: 'none', b: 'local', c: 'unknown' },
  });
  expect(service?.routes.map(({ from, to, share }) => [from, to, share])).toEqual([
    ['b', 'b', 1],
    ['a', 'a', 0.75],
    ['a', 'b', 0.25],
    ['c', 'b', 0],
  ]);
});

test('what one side told without a cluster is not counted again', () => {
  const pod = { pod: 'api-1' };
  const [service] = foldServices([
    usage('a', 'b', { connections: 5, answered: 5 }, pod),
    usage('a', '', { connections: 5, denied: 1 }, pod),
    usage('', 'b', { connections: 2 }, { ...pod, outside: true }),
  ]);
  expect(service).toMatchObject({ connections: 7, answered: 5, denied: 1 });
});

test('the same name in two clusters is no global service while nobody calls across', () => {
  const [service] = foldServices([
    usage('a', 'a', { connections: 1 }),
    usage('b', 'b', { connections: 1 }),
  ]);
  expect(service).toMatchObject({ global: false, affinity: {} });
});
