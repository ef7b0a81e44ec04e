// Clusters, nodes and pods of a simulation, with the labels, identities and endpoint ids Cilium would assign.
import type { Endpoint } from '../hubble/proto/schema.gen.ts';
import { scramble } from './random.ts';

export interface SimulatedNode {
  readonly cluster: SimulatedCluster;
  /** As flows carry it: `cluster/node`, without the prefix in a cluster called `default`. */
  readonly name: string;
  readonly labels: readonly string[];
  readonly ip: string;
}

export interface SimulatedCluster {
  readonly name: string;
  /** ClusterMesh id; the upper bits of its identities. */
  readonly id: number;
  readonly nodes: readonly SimulatedNode[];
}

export interface Pod {
  readonly node: SimulatedNode;
  readonly namespace: string;
  readonly name: string;
  readonly workload: { readonly name: string; readonly kind: string };
  readonly ip: string;
  readonly mac: string;
  /** Endpoint number on its node. */
  readonly id: number;
  readonly identity: number;
  readonly labels: readonly string[];
}

export interface NodeSpec {
  readonly name: string;
  readonly zone: string;
  readonly labels: readonly string[];
}

export function makeCluster(
  name: string,
  id: number,
  specs: readonly NodeSpec[],
): SimulatedCluster {
  const nodes: SimulatedNode[] = [];
  const cluster = { name, id, nodes };
  specs.forEach((spec, index) => {
    nodes.push({
      cluster,
      name: name === 'default' ? spec.name : `${name}/${spec.name}`,
      labels: [
        `kubernetes.io/hostname=${spec.name}`,
        `topology.kubernetes.io/zone=${spec.zone}`,
        ...spec.labels,
      ],
      ip: `192.168.${id % 250}.${17 + index}`,
    });
  });
  return cluster;
}

export interface PodSpec {
  readonly namespace: string;
  readonly workload: string;
  readonly kind?: 'Deployment' | 'StatefulSet' | 'DaemonSet' | 'Pod';
  /** Labels of its own, without the ones Cilium adds. */
  readonly labels: readonly string[];
  readonly serviceAccount?: string;
  /** The whole security identity; without one, made from cluster, namespace and workload. */
  readonly identity?: number;
  /** Number of the replica; part of the pod's name and address. */
  readonly replica?: number;
}

export function makePod(node: SimulatedNode, spec: PodSpec): Pod {
  const { namespace, workload, kind = 'Deployment', replica = 0 } = spec;
  const { cluster } = node;
  const own = hash(`${cluster.name}/${namespace}/${workload}`);
  const unique = hash(`${cluster.name}/${namespace}/${workload}/${replica}`);
  const suffix = {
    Deployment: `-${letters(own, 10)}-${letters(unique, 5)}`,
    StatefulSet: `-${replica}`,
    DaemonSet: `-${letters(unique, 5)}`,
    Pod: '',
  }[kind];
  return {
    node,
    namespace,
    name: `${workload}${suffix}`,
    workload: { name: workload, kind },
    ip: `10.${cluster.id % 256}.${cluster.nodes.indexOf(node)}.${4 + (unique % 250)}`,
    mac: mac(unique),
    id: 64 + (unique % 3900),
    identity: spec.identity ?? identityOf(cluster, namespace, workload),
    labels: [
      ...spec.labels.map((label) => `k8s:${label}`),
      `k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name=${namespace}`,
      `k8s:io.cilium.k8s.policy.cluster=${cluster.name}`,
      `k8s:io.cilium.k8s.policy.serviceaccount=${spec.serviceAccount ?? 'default'}`,
      `k8s:io.kubernetes.pod.namespace=${namespace}`,
    ].sort(),
  };
}

/** Cilium's numbering: the cluster's id above sixteen bits of its own; 256 and up are for pods. */
export function identityOf(cluster: SimulatedCluster, namespace: string, workload: string): number {
  const own = hash(`${cluster.name}/${namespace}/${workload}`);
  return (cluster.id << 16) | (256 + (own % 65_000));
}

/** A pod as a node sees it: endpoint number and workloads are known only where it runs. */
export function endpoint(pod: Pod, observer: SimulatedNode): Endpoint {
  const known: Endpoint = {
    identity: pod.identity,
    cluster_name: pod.node.cluster.name,
    namespace: pod.namespace,
    labels: [...pod.labels],
    pod_name: pod.name,
  };
  if (pod.node === observer) return { ID: pod.id, ...known, workloads: [{ ...pod.workload }] };
  return known;
}

/** Unsigned, from text. */
export function hash(text: string): number {
  let value = 17;
  for (const character of text) value = scramble(value * 31 + character.charCodeAt(0));
  return value >>> 0;
}

/** The letters and digits Kubernetes makes pod names from. */
function letters(seed: number, count: number): string {
  const alphabet = 'bcdfghjklmnpqrstvwxz2456789';
  let made = '';
  let value = seed;
  for (let i = 0; i < count; i++) {
    value = scramble(value + i) >>> 0;
    made += alphabet[value % alphabet.length];
  }
  return made;
}

function mac(seed: number): string {
  const bytes = [scramble(seed) & 0xfc, seed >>> 24, seed >>> 16, seed >>> 8, seed, seed >>> 5];
  bytes[0] = (bytes[0] ?? 0) | 2;
  return bytes.map((byte) => (byte & 255).toString(16).padStart(2, '0')).join(':');
}
