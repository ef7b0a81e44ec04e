// The service behind a server, and which fact said so. Flows name a service only where they saw its own address; behind
// it, the URL, the DNS name, the workload or a label must do, in that order.

export type NamedBy = 'service' | 'http' | 'dns' | 'workload' | 'label' | 'pod';

export interface ServiceName {
  /** `namespace/name`. */
  readonly name: string;
  readonly by: NamedBy;
}

export interface NameFacts {
  readonly service: string;
  readonly host: string;
  readonly names: string;
  readonly workloads: string;
  readonly labels: string;
}

/** Of labels that name what a pod is, the first that is there. */
const NAME_LABELS = [
  'k8s:app.kubernetes.io/name=',
  'k8s:k8s-app=',
  'k8s:app=',
  'k8s:name=',
] as const;
/** What a Deployment, and what a DaemonSet or StatefulSet adds to its pods' names. */
const POD_SUFFIX =
  /(-[bcdf-hj-np-tv-z2-9]{5,10}-[bcdf-hj-np-tv-z2-9]{5}|-[bcdf-hj-np-tv-z2-9]{5}|-\d+)$/;

export function serviceNameOf(namespace: string, pod: string, facts: NameFacts): ServiceName {
  const own = (name: string) => `${namespace}/${name}`;
  if (facts.service !== '') return { name: facts.service, by: 'service' };
  const host = clusterService(facts.host, namespace);
  if (host !== undefined) return { name: host, by: 'http' };
  for (const dns of facts.names.split('\n')) {
    const name = clusterService(dns, namespace);
    if (name !== undefined) return { name, by: 'dns' };
  }
  const [, workload] = facts.workloads.split('\n', 1)[0]?.split('/') ?? [];
  if (workload) return { name: own(workload), by: 'workload' };
  const labels = facts.labels.split('\n');
  for (const key of NAME_LABELS) {
    const value = labels.find((label) => label.startsWith(key))?.slice(key.length);
    if (value) return { name: own(value), by: 'label' };
  }
  return { name: own(pod.replace(POD_SUFFIX, '')), by: 'pod' };
}

/** `name.namespace`, alone or followed by `svc…`, and only when it is in the server's own namespace. */
function clusterService(host: string, namespace: string): string | undefined {
  const [name, space, svc] = host.replace(/:\d+$/, '').split('.');
  if (!name || space !== namespace) return undefined;
  return svc === undefined || svc === 'svc' || svc === '' ? `${namespace}/${name}` : undefined;
}
