// Follows the CiliumEndpoints of a cluster: pods of addresses go into the inventory, labels of identity numbers into the
// catalogue. Where Cilium keeps identities in etcd there are no CiliumIdentities, and this is the only source.

import { isNodeLocal, isReserved } from '../../hubble/identity.ts';
import type { Clock } from '../../runtime/clock.ts';
import { HOUR_MS } from '../../runtime/time.ts';
import type { IdentityFact } from '../inventory/catalogue.ts';
import type { Inventory } from '../inventory/inventory.ts';
import { RecentMap } from '../inventory/recent-map.ts';
import { type EndpointRecord, endpointOf } from './objects.ts';
import type { Resource } from './reflector.ts';

export interface EndpointsDeps {
  /** Key of the cluster. */
  readonly cluster: string;
  readonly inventory: Pick<Inventory, 'setEndpoint' | 'deleteEndpoint'>;
  readonly maxIdentities: number;
  readonly learn: (facts: readonly IdentityFact[]) => Promise<void>;
  readonly clock: Pick<Clock, 'now'>;
}

/** An identity as its endpoints reported it last. */
interface KnownIdentity {
  readonly labels: string;
  hour: number;
}

export function ciliumEndpoints(deps: EndpointsDeps): Resource<EndpointRecord> {
  const { cluster, inventory, clock } = deps;
  /** By number. Many endpoints share an identity: it is written once an hour, and one text of its labels is kept. */
  const identities = new RecentMap<KnownIdentity>(deps.maxIdentities);
  let learned: IdentityFact[] = [];
  const knownOf = (identity: number, labels: string): KnownIdentity => {
    const key = String(identity);
    const known = identities.get(key);
    if (known?.labels === labels) return known;
    const fresh = { labels, hour: -1 };
    identities.set(key, fresh);
    return fresh;
  };
  /** It holds now; since when, an endpoint does not say. */
  const learn = ({ identity, labels }: EndpointRecord) => {
    if (labels === '' || isReserved(identity) || isNodeLocal(identity)) return;
    const now = clock.now();
    const hour = Math.floor(now / HOUR_MS);
    const last = knownOf(identity, labels);
    if (last.hour === hour) return;
    last.hour = hour;
    learned.push({
      cluster,
      identity,
      labels: labels.split('\n'),
      firstMs: now,
      lastMs: now,
      source: 'kubernetes',
    });
  };
  return {
    name: 'ciliumendpoints',
    path: '/apis/cilium.io/v2/ciliumendpoints',
    read(object) {
      const endpoint = endpointOf(object);
      return { ...endpoint, labels: knownOf(endpoint.identity, endpoint.labels).labels };
    },
    set(endpoint, before) {
      const { namespace, name: pod, host, addresses } = endpoint;
      for (const address of before?.addresses ?? [])
        if (!addresses.includes(address))
          inventory.deleteEndpoint(cluster, address, namespace, pod);
      for (const address of addresses)
        if (host !== before?.host || !before.addresses.includes(address))
          inventory.setEndpoint(cluster, address, { namespace, pod, host });
      learn(endpoint);
    },
    remove(endpoint) {
      const { namespace, name, addresses } = endpoint;
      for (const address of addresses) inventory.deleteEndpoint(cluster, address, namespace, name);
      learn(endpoint);
    },
    flush() {
      const facts = learned;
      learned = [];
      return deps.learn(facts);
    },
  };
}
