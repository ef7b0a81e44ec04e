// Pods, nodes and services beyond a single flow: learned from the flows that a pod's own node observed, and read from
// Kubernetes. In memory, within limits; answers never wait.
import type { Clock } from '../../runtime/clock.ts';
import { RecentMap } from './recent-map.ts';

/** The fact that named the workload, as column `*_workload_origin` has it. */
export const WORKLOAD_ORIGIN = { none: 0, flow: 1, kubernetes: 2, flows: 3, derived: 4 } as const;

export type WorkloadOrigin = (typeof WORKLOAD_ORIGIN)[keyof typeof WORKLOAD_ORIGIN];

export interface PodFacts {
  /** `Kind/name`, '' when unknown. */
  readonly workload: string;
  readonly origin: WorkloadOrigin;
  /** Without its cluster. */
  readonly node: string;
  readonly zone: string;
}

/** What an address of a cluster belongs to. */
export interface AddressFacts {
  readonly cluster: string;
  /** A pod's namespace and name; both '' for a node. */
  readonly namespace: string;
  readonly pod: string;
  readonly node: string;
}

/** Whose an address is by Cilium's own account. */
export interface EndpointFacts {
  readonly namespace: string;
  readonly pod: string;
  /** Address of its node, '' when unknown. */
  readonly host: string;
}

export interface InventoryLimits {
  readonly maxPods: number;
  readonly maxServices: number;
  /** How long what was answered before may differ from what is known by now, ms. */
  readonly refreshMs: number;
}

export class Inventory {
  readonly pods: RecentMap<PodFacts>;
  private readonly addresses: RecentMap<AddressFacts>;
  /** Apart from what pods say, which comes first: an endpoint may be left over from a pod that is gone. */
  private readonly endpoints: RecentMap<EndpointFacts>;
  private readonly zones: RecentMap<string>;
  private readonly scopes: RecentMap<string>;
  private readonly limits: InventoryLimits;
  private readonly clock: Pick<Clock, 'now'>;
  private changed = false;
  private counted = 0;
  private countedAt = Number.NEGATIVE_INFINITY;
  /** Most pods share their workload, all share their nodes and zones: one string each. */
  private readonly strings = new Map<string, string>();

  constructor(limits: InventoryLimits, clock: Pick<Clock, 'now'>) {
    this.limits = limits;
    this.clock = clock;
    this.pods = new RecentMap(limits.maxPods);
    this.addresses = new RecentMap(limits.maxPods * 2);
    this.endpoints = new RecentMap(limits.maxPods * 2);
    this.zones = new RecentMap(limits.maxPods);
    this.scopes = new RecentMap(limits.maxServices);
  }

  /** Grows when answers have changed, at most every `refreshMs`: cached answers are then out of date. */
  get version(): number {
    const now = this.clock.now();
    if (this.changed && now - this.countedAt >= this.limits.refreshMs) {
      this.changed = false;
      this.countedAt = now;
      this.counted++;
    }
    return this.counted;
  }

  get knowsAddresses(): boolean {
    return this.addresses.size > 0 || this.endpoints.size > 0;
  }

  get knowsServices(): boolean {
    return this.scopes.size > 0;
  }

  pod(cluster: string, namespace: string, pod: string): PodFacts | undefined {
    return this.pods.get(podKey(cluster, namespace, pod));
  }

  /** Takes what a flow or Kubernetes says of a pod. Flows do not take the place of what Kubernetes said. */
  setPod(cluster: string, namespace: string, pod: string, facts: PodFacts): void {
    const key = podKey(cluster, namespace, pod);
    const known = this.pods.get(key);
    const { origin, workload, node, zone } = facts;
    if (known?.origin === WORKLOAD_ORIGIN.kubernetes && origin !== WORKLOAD_ORIGIN.kubernetes)
      return;
    if (known && known.workload === workload && known.node === node && known.zone === zone) return;
    this.pods.set(key, {
      workload: this.shared(workload),
      origin,
      node: this.shared(node),
      zone: this.shared(zone),
    });
    this.changed = true;
  }

  deletePod(cluster: string, namespace: string, pod: string): void {
    this.pods.delete(podKey(cluster, namespace, pod));
  }

  address(observer: string, cluster: string, address: string): AddressFacts | undefined {
    // Of the observer's own first: outside a mesh, others use the same addresses.
    return (
      this.ownerOf(observer, address) ??
      (cluster === '' ? undefined : this.ownerOf(cluster, address))
    );
  }

  setAddress(address: string, facts: AddressFacts): void {
    this.addresses.set(`${facts.cluster} ${address}`, facts);
    this.changed = true;
  }

  /** Only while it belongs to that pod: an address is reused before the old pod's deletion is reported. */
  deleteAddress(cluster: string, address: string, namespace: string, pod: string): void {
    const key = `${cluster} ${address}`;
    const known = this.addresses.get(key);
    if (known?.pod !== pod || known.namespace !== namespace) return;
    this.addresses.delete(key);
    this.changed = true;
  }

  setEndpoint(cluster: string, address: string, facts: EndpointFacts): void {
    const { namespace, pod, host } = facts;
    this.endpoints.set(`${cluster} ${address}`, {
      namespace: this.shared(namespace),
      pod,
      host: this.shared(host),
    });
    this.changed = true;
  }

  /** Only when it still belongs to that pod, as with `deleteAddress`. */
  deleteEndpoint(cluster: string, address: string, namespace: string, pod: string): void {
    const key = `${cluster} ${address}`;
    const known = this.endpoints.get(key);
    if (known?.pod !== pod || known.namespace !== namespace) return;
    this.endpoints.delete(key);
    this.changed = true;
  }

  zone(cluster: string, node: string): string {
    return this.zones.get(`${cluster} ${node}`) ?? '';
  }

  setZone(cluster: string, node: string, zone: string): void {
    if (zone === '' || this.zone(cluster, node) === zone) return;
    this.zones.set(`${cluster} ${node}`, this.shared(zone));
    this.changed = true;
  }

  /** What a service's annotations say, '' when nothing is known. */
  scope(cluster: string, namespace: string, service: string): string {
    return this.scopes.get(podKey(cluster, namespace, service)) ?? '';
  }

  setScope(cluster: string, namespace: string, service: string, scope: string): void {
    if (this.scope(cluster, namespace, service) === scope) return;
    const key = podKey(cluster, namespace, service);
    if (scope === '') this.scopes.delete(key);
    else this.scopes.set(key, this.shared(scope));
    this.changed = true;
  }

  private ownerOf(cluster: string, address: string): AddressFacts | undefined {
    const key = `${cluster} ${address}`;
    const known = this.addresses.get(key);
    if (known) return known;
    const endpoint = this.endpoints.get(key);
    if (!endpoint) return undefined;
    const { namespace, pod, host } = endpoint;
    // Looked up now, since nodes may be read later than what runs on them.
    const node = this.addresses.get(`${cluster} ${host}`)?.node ?? '';
    return { cluster, namespace, pod, node };
  }

  private shared(text: string): string {
    const known = this.strings.get(text);
    if (known !== undefined) return known;
    if (this.strings.size >= this.limits.maxPods) this.strings.clear();
    this.strings.set(text, text);
    return text;
  }
}

function podKey(cluster: string, namespace: string, name: string): string {
  return `${cluster} ${namespace}/${name}`;
}
