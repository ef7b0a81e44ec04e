// `--namespace` and `--all-namespaces`: prefixes of the pods and services of their side, or `ns/` without any.
import { quoted } from '../print/text.ts';
import type { FlowFilter } from '../proto/schema.gen.ts';

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

/**
 * Contradictions, in the reference's order: a name outside of a given namespace, or a service and a pod of one side in
 * different namespaces.
 * Every namespace is held against every name, so that two of them never go together with a name in one of them.
 */
export function namespaceProblem(
  left: FlowFilter,
  right: FlowFilter,
  { source, destination, either }: Namespaces,
): string | undefined {
  for (const filter of [left, right]) {
    const from = [filter.source_pod ?? [], filter.source_service ?? []] as const;
    const to = [filter.destination_pod ?? [], filter.destination_service ?? []] as const;
    const problems = [
      ...[...from, ...to].map((names) => outside(names, either)),
      ...from.map((names) => outside(names, source)),
      ...to.map((names) => outside(names, destination)),
      apart(...from),
      apart(...to),
    ].filter((problem) => problem !== undefined);
    if (problems.length > 0) return problems.join('\n');
  }
  return undefined;
}

/** The namespace a name carries; the empty one for all counts as none. */
function namespaceOf(name: string): string {
  const slash = name.indexOf('/');
  return slash < 0 ? '' : name.slice(0, slash);
}

function outside(names: readonly string[], namespaces: readonly string[]): string | undefined {
  for (const namespace of namespaces) {
    const name = names.find((each) => !['', namespace].includes(namespaceOf(each)));
    if (name !== undefined)
      return `namespace conflict: ${quoted(namespace)} does not contain ${quoted(name)}`;
  }
  return undefined;
}

function apart(pods: readonly string[], services: readonly string[]): string | undefined {
  for (const namespace of pods.map(namespaceOf)) {
    if (namespace === '') continue;
    const service = services.find((each) => namespaceOf(each) !== namespace);
    if (service !== undefined)
      return `namespace of service ${quoted(service)} conflict with pod ${quoted(namespace)}`;
  }
  return undefined;
}
