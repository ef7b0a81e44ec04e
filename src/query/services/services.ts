// Services as observed: the backends that answered their clients, by cluster and share.
import type { FlowFilter } from '../../hubble/proto/schema.gen.ts';
import { inputError } from '../../runtime/errors.ts';
import { groupBy } from '../../runtime/group-by.ts';
import type { Reader } from '../../store/store.ts';
import type { ConnectionsConfig } from '../connections/config.ts';
import { PROTOCOLS } from '../connections/observation.ts';
import type { TimeRange } from '../read/range.ts';
import { compileSql } from '../sql/compile.ts';
import { type NamedBy, serviceNameOf } from './name.ts';
import { eachCount, readUsage, type Usage, type UsageCounts } from './sql.ts';

export interface ServiceCounts {
  /** Distinct conversations; a port used again by the same client counts once. */
  readonly connections: number;
  readonly answered: number;
  readonly denied: number;
  /** For other reasons than a policy. */
  readonly dropped: number;
  readonly audited: number;
  readonly requests: number;
  readonly responses: number;
  /** HTTP 5xx, and DNS codes other than success and "no such name". */
  readonly serverErrors: number;
  /** HTTP 4xx. */
  readonly clientErrors: number;
  /** Mean of the responses that say one. */
  readonly latencyMs?: number;
}

export interface Backend extends ServiceCounts {
  /** Its cluster; '' when no flow says. */
  readonly cluster: string;
  readonly pods: readonly string[];
  /** Of the connections that were answered, 0 to 1. */
  readonly share: number;
}

export interface Route extends ServiceCounts {
  readonly from: string;
  readonly to: string;
  /** Of what this cluster's clients had answered, 0 to 1. */
  readonly share: number;
}

/** Where a cluster's clients were sent, as seen; what the service declares is in no flow. */
export type Affinity = 'local' | 'remote' | 'none' | 'unknown';

export interface Service extends ServiceCounts {
  /** `namespace/name`. */
  readonly service: string;
  readonly namedBy: NamedBy;
  readonly ports: readonly string[];
  /** Calls to it went from one cluster to another. */
  readonly global: boolean;
  readonly backends: readonly Backend[];
  readonly routes: readonly Route[];
  /** Of a global service, by the clients' cluster. */
  readonly affinity: Readonly<Record<string, Affinity>>;
}

export interface ServiceQuery extends TimeRange {
  readonly whitelist: readonly FlowFilter[];
  readonly blacklist: readonly FlowFilter[];
}

/** Connections of one cluster's clients from which a preference is read. */
const ENOUGH = 10;

export async function queryServices(
  store: Reader,
  query: ServiceQuery,
  config: ConnectionsConfig,
  signal?: AbortSignal,
): Promise<Service[]> {
  const filter = compileSql(query.whitelist, query.blacklist);
  if (!filter.exact)
    throw inputError(
      'services cannot be filtered by HTTP path, CIDR labels or CEL expressions; use the other filters, or ask for connections',
    );
  return foldServices(await readUsage(store, { range: query, filter, config, signal }));
}

/** Busiest first. */
export function foldServices(usages: readonly Usage[]): Service[] {
  const pods = groupBy(usages, podKey);
  const named = usages.map((usage) => ({ usage, ...nameOf(usage, pods.get(podKey(usage)) ?? []) }));
  const services = [...groupBy(named, ({ name }) => name)].map(([service, members]) =>
    serviceOf(service, members),
  );
  return services.sort((a, b) => b.connections - a.connections || (a.service < b.service ? -1 : 1));
}

function podKey({ namespace, pod }: Usage): string {
  return `${namespace}/${pod}`;
}

/** A fact that any flow of the pod has holds for all of them. */
function nameOf(usage: Usage, same: readonly Usage[]) {
  const pick = (fact: keyof Usage['named']) =>
    usage.named[fact] || (same.find(({ named }) => named[fact] !== '')?.named[fact] ?? '');
  return serviceNameOf(usage.namespace, usage.pod, {
    service: usage.pod === '' ? usage.named.service : pick('service'),
    host: pick('host'),
    names: pick('names'),
    workloads: pick('workloads'),
    labels: pick('labels'),
  });
}

function serviceOf(
  service: string,
  members: readonly { readonly usage: Usage; readonly by: NamedBy }[],
): Service {
  const usages = clustersKnown(members.map(({ usage }) => usage));
  const total = sum(usages);
  const backends = [...groupBy(usages, ({ cluster }) => cluster)].map(([cluster, of]) => ({
    cluster,
    pods: [...new Set(of.map(({ pod }) => pod).filter(Boolean))].sort(),
    ...withLatency(sum(of)),
    share: share(sum(of).answered, total.answered),
  }));
  const routes = [
    ...groupBy(usages, ({ clientCluster, cluster }) => JSON.stringify([clientCluster, cluster])),
  ].map(([, of]) => {
    const [{ clientCluster: from = '', cluster: to = '' } = {}] = of;
    const all = sum(usages.filter(({ clientCluster }) => clientCluster === from)).answered;
    return { from, to, ...withLatency(sum(of)), share: share(sum(of).answered, all) };
  });
  const busiest = <T extends ServiceCounts>(list: T[]) =>
    list.sort((a, b) => b.answered - a.answered || b.connections - a.connections);
  const global = routes.some(({ from, to }) => from !== '' && to !== '' && from !== to);
  const ports = usages.map(({ port, protocol }) => `${port}/${PROTOCOLS[protocol] ?? protocol}`);
  return {
    service,
    namedBy: members[0]?.by ?? 'pod',
    ports: [...new Set(ports)].sort(),
    global,
    ...withLatency(total),
    backends: busiest(backends),
    routes: busiest(routes),
    affinity: global ? affinityOf(routes) : {},
  };
}

/**
 * One side may not know the other's cluster. Both report the same connections, so usage without a cluster is merged into
 * that of the pod's known cluster, not added to it.
 */
function clustersKnown(usages: readonly Usage[]): Usage[] {
  const merged: Usage[] = [];
  for (const group of groupBy(usages, (each) =>
    JSON.stringify([podKey(each), each.port, each.protocol]),
  ).values()) {
    const known: Usage[] = [];
    for (const usage of group.sort((a, b) => certainty(b) - certainty(a))) {
      const at = known.findIndex(
        ({ cluster, clientCluster, outside }) =>
          outside === usage.outside &&
          (usage.cluster === '' || usage.cluster === cluster) &&
          (usage.clientCluster === '' || usage.clientCluster === clientCluster),
      );
      const alike = known[at];
      if (alike === undefined) known.push(usage);
      else known[at] = { ...alike, counts: larger(alike.counts, usage.counts) };
    }
    merged.push(...known);
  }
  return merged;
}

function larger(a: UsageCounts, b: UsageCounts): UsageCounts {
  return eachCount((name) => Math.max(a[name], b[name]));
}

function certainty({ cluster, clientCluster }: Usage): number {
  return Number(cluster !== '') + Number(clientCluster !== '');
}

function affinityOf(routes: readonly Route[]): Record<string, Affinity> {
  const clusters = new Set(routes.map(({ to }) => to).filter(Boolean));
  const found: Record<string, Affinity> = {};
  for (const [from, own] of groupBy(routes, (route) => route.from)) {
    if (from === '') continue;
    const local = own.find(({ to }) => to === from)?.connections ?? 0;
    const all = own.reduce((count, { connections }) => count + connections, 0);
    if (all < ENOUGH || !clusters.has(from)) found[from] = 'unknown';
    else found[from] = local === all ? 'local' : local === 0 ? 'remote' : 'none';
  }
  return found;
}

function sum(usages: readonly Usage[]): UsageCounts {
  return eachCount((name) => usages.reduce((total, { counts }) => total + counts[name], 0));
}

function withLatency({ latencyCount, latencySum, ...counts }: UsageCounts): ServiceCounts {
  if (latencyCount === 0) return counts;
  return { ...counts, latencyMs: Math.round(latencySum / latencyCount / 1000) / 1000 };
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : Math.round((part / whole) * 10_000) / 10_000;
}
