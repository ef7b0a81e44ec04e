// `--namespace` and friends: they become prefixes of the pods and services of their side, or `ns/` when there are none.
import type { FlowFilter } from '../schema.gen.ts';

type Side = 'source' | 'destination';

export interface Namespaces {
  readonly source: string[];
  readonly destination: string[];
  /** Given without direction: the source's in the left filter, the destination's in the right. */
  readonly either: string[];
}

/** The filter with its namespaces put in; `either` says which side the direction-less ones belong to here. */
export function applyNamespaces(
  filter: FlowFilter,
  namespaces: Namespaces,
  either: Side,
): FlowFilter {
  const result = { ...filter };
  for (const side of ['source', 'destination'] as const) {
    const given = namespacesOf(namespaces, side, either);
    if (given.length === 0) continue;
    const pods = filter[`${side}_pod`] ?? [];
    const services = filter[`${side}_service`] ?? [];
    if (pods.length === 0 && services.length === 0) {
      result[`${side}_pod`] = given.map((namespace) => `${namespace}/`);
    } else {
      if (pods.length > 0) result[`${side}_pod`] = prefixed(pods, given);
      if (services.length > 0) result[`${side}_service`] = prefixed(services, given);
    }
  }
  return result;
}

function namespacesOf(namespaces: Namespaces, side: Side, either: Side): readonly string[] {
  return side === either ? [...namespaces[side], ...namespaces.either] : namespaces[side];
}

function prefixed(names: readonly string[], namespaces: readonly string[]): string[] {
  return names.flatMap((name) =>
    name.includes('/') ? [name] : namespaces.map((namespace) => `${namespace}/${name}`),
  );
}

/** What contradicts: a name outside the namespaces given, or a pod and a service of one side apart. */
export function namespaceProblem(
  left: FlowFilter,
  right: FlowFilter,
  namespaces: Namespaces,
): string | undefined {
  const problems = new Set<string>();
  for (const [filter, either] of [
    [left, 'source'],
    [right, 'destination'],
  ] as const) {
    for (const side of ['source', 'destination'] as const) {
      const given = namespacesOf(namespaces, side, either);
      const pods = filter[`${side}_pod`] ?? [];
      const services = filter[`${side}_service`] ?? [];
      if (given.length > 0) outside([...pods, ...services], given, problems);
      else apart(pods, services, problems);
    }
  }
  return problems.size === 0 ? undefined : [...problems].join('\n');
}

function outside(
  names: readonly string[],
  namespaces: readonly string[],
  problems: Set<string>,
): void {
  // Every namespace together (the empty one) contains all names.
  if (namespaces.includes('')) return;
  for (const name of names) {
    const slash = name.indexOf('/');
    if (slash < 0 || namespaces.includes(name.slice(0, slash))) continue;
    const quoted = JSON.stringify(namespaces.join(', '));
    problems.add(`namespace conflict: ${quoted} does not contain ${JSON.stringify(name)}`);
  }
}

function apart(pods: readonly string[], services: readonly string[], problems: Set<string>): void {
  for (const service of services) {
    const slash = service.indexOf('/');
    if (slash < 0) continue;
    const namespace = service.slice(0, slash);
    for (const pod of pods) {
      const podSlash = pod.indexOf('/');
      if (podSlash < 0 || pod.slice(0, podSlash) === namespace) continue;
      problems.add(
        `namespace of service ${JSON.stringify(service)} conflict with pod ${JSON.stringify(pod.slice(0, podSlash))}`,
      );
    }
  }
}
