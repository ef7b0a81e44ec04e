// The policy that would admit exactly the traffic of an incident. Pure: from what the incident is and who took part in
// it to the document of a CiliumNetworkPolicy, or to the reason why no policy can open it.
import type { Incident } from '../../../incident/incident.ts';
import { type PolicyRule, rulesOf } from '../rules.ts';
import type { Variant, VariantEnd } from '../variants.ts';
import { isPod, type Labels, labelValue, NAMESPACE_LABEL, workloadLabels } from './selectors.ts';

export type PolicyKind = 'CiliumNetworkPolicy' | 'CiliumClusterwideNetworkPolicy';

export interface PolicySpec {
  readonly endpointSelector?: { readonly matchLabels: Labels };
  readonly nodeSelector?: {
    readonly matchExpressions: readonly {
      readonly key: string;
      readonly operator: 'In';
      readonly values: readonly string[];
    }[];
  };
  readonly ingress?: readonly PolicyRule[];
  readonly egress?: readonly PolicyRule[];
}

export interface PolicyDocument {
  readonly apiVersion: 'cilium.io/v2';
  readonly kind: PolicyKind;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec?: PolicySpec;
  readonly specs?: readonly PolicySpec[];
}

export interface Suggestion {
  /** Undefined when no policy opens it. */
  readonly policy: PolicyDocument | undefined;
  /** Whether applying the policy is enough. */
  readonly opens: boolean;
  /** Notes for applying the policy. */
  readonly notes: readonly string[];
}

export interface SuggestionInput {
  readonly incident: Incident;
  readonly variants: readonly Variant[];
  /** Variants that were seen less often are left out. */
  readonly cut: boolean;
  readonly kind?: PolicyKind | undefined;
}

export function suggestPolicy(asked: SuggestionInput): Suggestion {
  const { incident, variants, cut } = asked;
  const closed = notByPolicy(incident);
  if (closed !== undefined) return { policy: undefined, opens: false, notes: [closed] };
  if (variants.length === 0)
    return none(
      'no single denials of it are kept, so what a policy would have to select is not known',
    );
  const notes = new Set<string>(before(incident));
  if (cut)
    notes.add('only the identities and addresses seen most often are admitted: there were more');
  const side = selectedSide(incident);
  const specs = new Map<string, { target: Target; variants: Variant[] }>();
  for (const variant of variants) {
    const target = targetOf(variant, side, asked, notes);
    if (target === undefined) continue;
    const key = JSON.stringify(target);
    const spec = specs.get(key) ?? { target, variants: [] };
    spec.variants.push(variant);
    specs.set(key, spec);
  }
  const kinds = new Set([...specs.values()].map(({ target }) => target.kind));
  const made = [...specs.values()].flatMap(({ target, variants: of }) => {
    const rules = rulesOf(of, side, incident, notes);
    if (rules.length === 0) return [];
    const spec: PolicySpec = {
      ...target.selects,
      [side === 'destination' ? 'ingress' : 'egress']: rules,
    };
    return [spec];
  });
  const [first, ...more] = made;
  const [kind] = kinds;
  if (first === undefined || kind === undefined)
    return none(...notes, 'nothing that a policy could select is known of this traffic');
  if (kinds.size > 1)
    return none(...notes, 'pods and nodes take part in it: no one policy selects both');
  const namespace = kind === 'CiliumNetworkPolicy' ? incident[side].namespace : '';
  const policy: PolicyDocument = {
    apiVersion: 'cilium.io/v2',
    kind,
    metadata: { name: nameOf(incident), ...(namespace !== '' && { namespace }) },
    ...(more.length === 0 ? { spec: first } : { specs: made }),
  };
  return { policy, opens: incident.code !== POLICY_DENY, notes: [...notes] };
}

const POLICY_DENY = 181;

function none(...notes: string[]): Suggestion {
  return { policy: undefined, opens: false, notes };
}

/** Denied at the destination on ingress, at the source on egress; else where the cluster that denies it is. */
export function selectedSide({ direction, cluster, source, destination }: Incident) {
  if (direction === 'EGRESS') return 'source' as const;
  if (direction === 'INGRESS' || destination.cluster === cluster) return 'destination' as const;
  return source.cluster === cluster ? ('source' as const) : ('destination' as const);
}

/** What no rule of a policy opens. */
function notByPolicy({ how, source, destination, policies }: Incident): string | undefined {
  const named = policies.map(({ namespace, name }) =>
    namespace === '' ? name : `${namespace}/${name}`,
  );
  switch (how) {
    case 'authentication-required':
      return `the traffic is allowed, on the condition of mutual authentication, which was not there: ${named.length === 0 ? 'the policy that allows it' : named.join(', ')} asks for it (authentication.mode: required). Opening it without would give that up. See that ${source.text} and ${destination.text} have SPIFFE identities (\`cilium status\`, the SPIRE server and agents of ${clustersText(source.cluster, destination.cluster)}), and that a mesh shares their trust`;
    case 'encryption-required':
      return 'strict encryption drops what comes unencrypted, before any policy: see that both clusters encrypt with the same keys, or change encryption.strictMode';
    case 'denied-by-source-range':
      return 'the service itself takes no such source addresses: change spec.loadBalancerSourceRanges of the Service';
    default:
      return undefined;
  }
}

function clustersText(source: string, destination: string): string {
  const names = [...new Set([source, destination])].filter(Boolean);
  return names.length === 0 ? 'both clusters' : names.join(' and ');
}

function before({ how, policies, code }: Incident): string[] {
  const named = policies.map(({ kind, namespace, name }) =>
    [kind, namespace === '' ? name : `${namespace}/${name}`].filter(Boolean).join(' '),
  );
  const notes: string[] = [];
  if (code === POLICY_DENY)
    notes.push(
      `a deny rule closes this, and deny goes before allow: ${named.length === 0 ? 'the policy with that rule (no flow names it)' : named.join(', ')} must be changed first; the policy here is not enough`,
    );
  if (how === 'audit')
    notes.push(
      'policies are in audit mode there: the traffic passes now, and would be denied without this',
    );
  return notes;
}

interface Target {
  readonly kind: PolicyKind;
  readonly selects: Pick<PolicySpec, 'endpointSelector' | 'nodeSelector'>;
}

/** Undefined, with a note, when nothing would select just this end. */
function targetOf(
  variant: Variant,
  side: 'source' | 'destination',
  { incident, kind }: SuggestionInput,
  notes: Set<string>,
): Target | undefined {
  const end = variant[side];
  if (!isPod(end)) return nodeOf(variant, end, side, notes);
  const selected = workloadLabels(end.labels);
  if (selected === undefined) {
    notes.add(
      `pods of ${incident[side].text} have no labels of their own: a policy would select the whole namespace. Give them one`,
    );
    return undefined;
  }
  if (selected.volatile)
    notes.add(
      `pods of ${incident[side].text} have only labels that the next rollout changes; give them one that stays`,
    );
  const namespace = labelValue(end.labels, NAMESPACE_LABEL) ?? incident[side].namespace;
  if (kind !== 'CiliumClusterwideNetworkPolicy')
    return {
      kind: 'CiliumNetworkPolicy',
      selects: { endpointSelector: { matchLabels: selected.labels } },
    };
  const matchLabels = { [NAMESPACE_LABEL]: namespace, ...selected.labels };
  return { kind, selects: { endpointSelector: { matchLabels } } };
}

/** A host endpoint has no namespace: only a clusterwide policy selects nodes. */
function nodeOf(
  { nodes }: Variant,
  { labels, identity }: VariantEnd,
  side: 'source' | 'destination',
  notes: Set<string>,
): Target | undefined {
  const isHost = identity === 1 || labels.includes('reserved:host');
  const names = nodes.map((node) => node.slice(node.indexOf('/') + 1)).filter(Boolean);
  if (!isHost || names.length === 0) {
    notes.add(`the ${side} is neither a pod with labels nor a node: nothing selects it`);
    return undefined;
  }
  const expression = { key: 'kubernetes.io/hostname', operator: 'In', values: names } as const;
  return {
    kind: 'CiliumClusterwideNetworkPolicy',
    selects: { nodeSelector: { matchExpressions: [expression] } },
  };
}

const MAX_NAME = 63;

/** `allow-xwing-to-rebel-base-80-d142c5`: names of Kubernetes are lower-case, of letters, digits and dashes. */
function nameOf({ id, source, destination, port, protocol }: Incident): string {
  const short = (text: string) => text.slice(text.lastIndexOf('/') + 1);
  const at = port === 0 ? protocol : String(port);
  const text = `allow-${short(source.text)}-to-${short(destination.text)}-${at}`;
  const clean = text.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  const end = `-${id.slice(0, 6)}`;
  return `${clean.slice(0, MAX_NAME - end.length).replace(/-+$/, '')}${end}`;
}
