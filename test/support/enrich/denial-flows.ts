// Flows of few ends, ports and outcomes, so that many are of one conversation and one incident.
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import type {
  Endpoint,
  Flow,
  GetFlowsResponse,
  Policy,
} from '../../../src/hubble/proto/schema.gen.ts';

const POLICIES: readonly Policy[] = [
  { kind: 'CiliumNetworkPolicy', namespace: 'shop', name: 'cart' },
  { kind: 'CiliumClusterwideNetworkPolicy', name: 'no-telnet' },
  { kind: 'NetworkPolicy', namespace: 'shop', name: 'default' },
];

const ENDS: readonly (Endpoint | undefined)[] = [
  undefined,
  pod('shop', 'cart', 'Deployment', 'cart-5c9f7d6b5d-abcde'),
  pod('shop', 'cart', 'Deployment', 'cart-5c9f7d6b5d-fghij'),
  pod('db', 'mysql', 'StatefulSet', 'mysql-0'),
  { identity: 70_000, namespace: 'tools', pod_name: 'debug', labels: ['k8s:run=debug'] },
  { identity: 2, labels: ['reserved:world'] },
  { identity: 7, labels: ['reserved:remote-node', 'reserved:kube-apiserver'] },
  {
    identity: 16_777_217,
    labels: ['cidr:10.0.0.0/8', 'cidr:10.1.0.0/16', 'cidr:0.0.0.0/0', 'reserved:world'],
  },
  { identity: 16_777_218, labels: ['cidr:0.0.0.0/0'] },
];

function pod(namespace: string, name: string, kind: string, pod_name: string): Endpoint {
  const labels = [`k8s:app=${name}`, `k8s:io.kubernetes.pod.namespace=${namespace}`];
  return { identity: 1000 + name.length, namespace, labels, pod_name, workloads: [{ name, kind }] };
}

const port = fc.constantFrom(0, 80, 443, 31_000, 32_767, 32_768, 40_000, 65_535);
const policies = fc.subarray([...POLICIES], { maxLength: 2 });
const names = fc
  .constantFrom('', '', 'api.example.com b.example.com')
  .map((text) => text.split(' ').filter((name) => name !== ''));
const l4 = fc.oneof(
  fc.record({
    TCP: fc.record({
      source_port: port,
      destination_port: port,
      flags: fc.constantFrom(undefined, { SYN: true }, { SYN: true, ACK: true }, { ACK: true }),
    }),
  }),
  fc.record({ UDP: fc.record({ source_port: port, destination_port: port }) }),
  fc.record({ ICMPv4: fc.record({ type: fc.constantFrom(0, 8) }) }),
  fc.constant(undefined),
);

const flow = fc.record({
  verdict: fc.constantFrom(0, 1, 1, 1, 2, 2, 2, 3, 4, 5),
  drop_reason_desc: fc.constantFrom(0, 0, 133, 133, 133, 181, 189, 177, 195, 134, 300),
  Type: fc.constantFrom(0, 1, 1, 1, 2, 3),
  event_type: fc.constantFrom(undefined, { type: 1 }, { type: 4 }, { type: 5 }, { type: 129 }),
  traffic_direction: fc.constantFrom(0, 1, 1, 2),
  source: fc.constantFrom(...ENDS),
  destination: fc.constantFrom(...ENDS),
  IP: fc.record({
    source: fc.constantFrom('10.0.0.1', '10.0.0.2'),
    destination: fc.constantFrom('10.0.0.3', '10.0.0.4'),
  }),
  l4,
  l7: fc.option(
    fc.record({
      type: fc.constantFrom(1, 2, 3),
      http: fc.record({ method: fc.constantFrom('GET', 'PUT'), url: fc.constant('http://a/b') }),
    }),
    { nil: undefined, freq: 8 },
  ),
  is_reply: fc.constantFrom(undefined, undefined, true, false),
  reply: fc.constantFrom(undefined, undefined, true),
  policy_match_type: fc.constantFrom(0, 1, 2),
  source_names: names,
  destination_names: names,
  destination_service: fc.constantFrom(undefined, { name: 'cart', namespace: 'shop' }),
  ingress_denied_by: policies,
  egress_denied_by: policies,
  ingress_allowed_by: policies,
  node_name: fc.constantFrom('east/n1', 'east/n2'),
  second: fc.integer({ min: 1_773_499_000, max: 1_773_506_500 }),
  nanos: fc.nat(999_999_999),
});

/** Random flows of two hours, each with a uuid of its own. */
export function denialFlows(count: number, seed: number): GetFlowsResponse[] {
  return fc
    .sample(flow, { numRuns: count, seed })
    .map(({ second, nanos, ...fields }): GetFlowsResponse => {
      const time = { seconds: BigInt(second), nanos };
      const made: Flow = { ...fields, time, uuid: randomUUID() };
      return { flow: made, node_name: fields.node_name, time };
    });
}
