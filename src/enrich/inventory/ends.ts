// All that is added to one end of a flow: its cluster, workload, node and zone, and whether `world` is the world. Asked
// once for each distinct end, or once for each end and node or address where those decide; never for each flow.
import { identityKind } from '../../hubble/identity.ts';
import type { ClusterFinder, EndCluster, EndFacts } from './clusters.ts';
import { ORIGIN } from './clusters.ts';
import {
  type Inventory,
  type PodFacts,
  WORKLOAD_ORIGIN,
  type WorkloadOrigin,
} from './inventory.ts';
import type { ClusterRegistry } from './registry.ts';
import { workloadOfPodName } from './workloads.ts';

/** As column `*_resolution` has it. */
export const RESOLUTION = { reported: 0, outside: 1, unresolved: 2 } as const;

/** What else of a flow decides about an end: nothing, the node that observed it, or the end's address. */
export const DEPENDS_ON = { nothing: 0, node: 1, address: 2 } as const;

type DependsOn = (typeof DEPENDS_ON)[keyof typeof DEPENDS_ON];

export interface FlowEndpoint extends EndFacts {
  /** The endpoint's id on the observing node; 0 when it is not there. */
  readonly id: number;
  /** `Kind/name` each. */
  readonly workloads: readonly string[];
}

/** Of the flow that the end is of. */
export interface ObservationContext {
  /** The observing node as the flow has it, `cluster/node` or bare. */
  readonly node?: string;
  /** Labels of that node, a line each. */
  readonly nodeLabels?: string;
  readonly address?: string;
}

export interface EndPlace extends EndCluster {
  /** `namespace/Kind/name`, '' when unknown. */
  readonly workload: string;
  readonly workloadOrigin: WorkloadOrigin;
  readonly node: string;
  readonly zone: string;
  readonly resolution: (typeof RESOLUTION)[keyof typeof RESOLUTION];
  /** Ask again with this for each flow; the answer without it holds for none. */
  readonly dependsOn: DependsOn;
}

export interface EndFinder {
  find(observer: string, end: FlowEndpoint, context?: ObservationContext): EndPlace;
  /** What a service's annotations say, '' when nothing is known; undefined while no service is known at all. */
  scopes(): ((observer: string, namespace: string, service: string) => string) | undefined;
  /** Answers are kept as long as it stays the same. */
  readonly version: number;
}

export interface EndFinderDeps {
  readonly clusters: ClusterFinder;
  readonly registry?: Pick<ClusterRegistry, 'locate' | 'knowsNetworks'> | undefined;
  readonly inventory?: Inventory | undefined;
}

const ZONE = 'topology.kubernetes.io/zone=';
const NAMESPACE = 'k8s:io.kubernetes.pod.namespace=';
const HOST = 1;
/** world, world-ipv4, world-ipv6. */
const WORLD: ReadonlySet<number> = new Set([2, 9, 10]);

export function createEndFinder(deps: EndFinderDeps): EndFinder {
  const { inventory } = deps;
  return {
    get version() {
      return deps.clusters.version + (inventory?.version ?? 0);
    },
    find: (observer, end, context) => place(deps, observer, end, context),
    scopes: () =>
      inventory?.knowsServices
        ? (observer, namespace, service) => inventory.scope(observer, namespace, service)
        : undefined,
  };
}

function place(
  { clusters, registry, inventory }: EndFinderDeps,
  observer: string,
  end: FlowEndpoint,
  { node: observing, nodeLabels = '', address }: ObservationContext = {},
): EndPlace {
  const reported = clusters.find(observer, end);
  // Some exporters put the identity there, for remote ends too.
  const local = (end.id !== 0 && end.id !== end.identity) || end.identity === HOST;
  const placed = reported.origin === ORIGIN.none && registry?.knowsNetworks === true;
  const dependsOn = local
    ? DEPENDS_ON.node
    : placed || needsAddress(end, inventory)
      ? DEPENDS_ON.address
      : DEPENDS_ON.nothing;
  const where = address !== undefined && placed ? registry.locate(observer, address) : undefined;
  const cluster: EndCluster = where?.cluster
    ? { name: where.cluster, id: reported.id, origin: ORIGIN.address }
    : reported;
  const owner = cluster.name || observer;
  const found =
    address === undefined ? undefined : inventory?.address(observer, cluster.name, address);
  const namespace = found?.namespace || namespaceOf(end);
  const pod = found?.pod || end.podName;
  const nodeName = observing?.slice(observing.indexOf('/') + 1) ?? '';
  const zone = local && nodeName !== '' ? zoneOf(nodeLabels) : '';
  const known = pod === '' ? undefined : inventory?.pod(found?.cluster ?? owner, namespace, pod);
  if (local && nodeName !== '' && inventory) {
    inventory.setZone(observer, nodeName, zone);
    if (pod !== '') {
      const workload = end.workloads[0] ?? '';
      const facts = { workload, origin: WORKLOAD_ORIGIN.flows, node: nodeName, zone };
      inventory.setPod(owner, namespace, pod, facts);
    }
  }
  const node = local ? nodeName : known?.node || found?.node || '';
  return {
    ...cluster,
    ...workloadOf(end, namespace, pod, known),
    node,
    zone:
      zone ||
      known?.zone ||
      (node === '' ? '' : (inventory?.zone(found?.cluster ?? owner, node) ?? '')),
    resolution: resolutionOf(end, where?.inside === true || found !== undefined),
    dependsOn,
  };
}

/** Kubernetes may know the address of what a flow knows only as an identity. */
function needsAddress({ podName }: FlowEndpoint, inventory: Inventory | undefined): boolean {
  return podName === '' && inventory?.knowsAddresses === true;
}

function namespaceOf({ namespace, labels }: FlowEndpoint): string {
  if (namespace !== '') return namespace;
  return labels.find((label) => label.startsWith(NAMESPACE))?.slice(NAMESPACE.length) ?? '';
}

function zoneOf(nodeLabels: string): string {
  const at = nodeLabels.indexOf(ZONE);
  if (at < 0 || (at > 0 && nodeLabels[at - 1] !== '\n')) return '';
  const end = nodeLabels.indexOf('\n', at);
  return nodeLabels.slice(at + ZONE.length, end < 0 ? undefined : end);
}

function workloadOf(
  { workloads }: FlowEndpoint,
  namespace: string,
  pod: string,
  known: PodFacts | undefined,
): Pick<EndPlace, 'workload' | 'workloadOrigin'> {
  const [workload = ''] = workloads;
  if (workload !== '')
    return { workload: `${namespace}/${workload}`, workloadOrigin: WORKLOAD_ORIGIN.flow };
  if (known && known.workload !== '')
    return { workload: `${namespace}/${known.workload}`, workloadOrigin: known.origin };
  const derived = pod === '' ? undefined : workloadOfPodName(pod);
  return derived === undefined
    ? { workload: '', workloadOrigin: WORKLOAD_ORIGIN.none }
    : { workload: `${namespace}/${derived}`, workloadOrigin: WORKLOAD_ORIGIN.derived };
}

/** `world`, or a number each node gave a network for itself, is the world only where no cluster claims the address. */
function resolutionOf({ identity }: FlowEndpoint, inside: boolean): EndPlace['resolution'] {
  const kind = identityKind(identity, 255);
  if (WORLD.has(identity) || kind === 'cidr')
    return inside ? RESOLUTION.unresolved : RESOLUTION.outside;
  return kind === 'unknown' && inside ? RESOLUTION.unresolved : RESOLUTION.reported;
}
