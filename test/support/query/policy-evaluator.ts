// A small reading of Cilium policies, written apart from what makes them: whether a policy selects an end and admits
// traffic to or from it. Knows what suggestions use.
import { z } from 'zod';

const labels = z.record(z.string().regex(/^[a-z0-9]+:[A-Za-z0-9./_-]+$/), z.string().max(63));
const selector = z.strictObject({ matchLabels: labels });
const ports = z.array(
  z.strictObject({
    ports: z
      .array(
        z.strictObject({
          port: z.string().regex(/^([1-9]\d{0,4}|[a-z0-9-]{1,15})$/),
          protocol: z.enum(['TCP', 'UDP', 'SCTP', 'ANY']),
        }),
      )
      .min(1)
      .max(40),
    rules: z
      .strictObject({
        http: z
          .array(z.strictObject({ method: z.string().optional(), path: z.string().optional() }))
          .optional(),
        dns: z.array(z.strictObject({ matchName: z.string() })).optional(),
      })
      .optional(),
  }),
);
const cidr = z.string().regex(/^([0-9.]+\/\d{1,2}|[0-9a-f:]+\/\d{1,3})$/);
const icmps = z.array(
  z.strictObject({
    fields: z
      .array(z.strictObject({ type: z.int().min(0).max(255), family: z.enum(['IPv4', 'IPv6']) }))
      .min(1)
      .max(40),
  }),
);
const entity = z.enum([
  'host',
  'remote-node',
  'kube-apiserver',
  'ingress',
  'health',
  'init',
  'unmanaged',
  'world',
]);
const what = { toPorts: ports.optional(), icmps: icmps.optional() };
/** A rule names its peers in one way only, and ports or ICMP types. */
const one = (rule: object) =>
  Object.keys(rule).filter((key) => /^(from|to)(Endpoints|Entities|CIDR|FQDNs)$/.test(key))
    .length === 1 && !('toPorts' in rule && 'icmps' in rule);
const ingressRule = z
  .strictObject({
    fromEndpoints: z.array(selector).min(1).optional(),
    fromEntities: z.array(entity).min(1).optional(),
    fromCIDR: z.array(cidr).min(1).optional(),
    ...what,
  })
  .refine(one);
const egressRule = z
  .strictObject({
    toEndpoints: z.array(selector).min(1).optional(),
    toEntities: z.array(entity).min(1).optional(),
    toCIDR: z.array(cidr).min(1).optional(),
    toFQDNs: z
      .array(z.strictObject({ matchName: z.string().min(1) }))
      .min(1)
      .optional(),
    ...what,
  })
  .refine(one);
const spec = z
  .strictObject({
    endpointSelector: selector.optional(),
    nodeSelector: z
      .strictObject({
        matchExpressions: z.array(
          z.strictObject({
            key: z.string(),
            operator: z.literal('In'),
            values: z.array(z.string()).min(1),
          }),
        ),
      })
      .optional(),
    ingress: z.array(ingressRule).min(1).optional(),
    egress: z.array(egressRule).min(1).optional(),
  })
  .refine((each) => (each.endpointSelector === undefined) !== (each.nodeSelector === undefined))
  .refine((each) => each.ingress !== undefined || each.egress !== undefined);
const name = z
  .string()
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/)
  .max(63);

/** What a policy of Cilium is made of, as far as suggestions go. */
export const ciliumPolicy = z
  .strictObject({
    apiVersion: z.literal('cilium.io/v2'),
    kind: z.enum(['CiliumNetworkPolicy', 'CiliumClusterwideNetworkPolicy']),
    metadata: z.strictObject({ name, namespace: name.optional() }),
    spec: spec.optional(),
    specs: z.array(spec).min(2).optional(),
  })
  .refine(({ spec: single, specs }) => (single === undefined) !== (specs === undefined))
  .refine(
    ({ kind, metadata }) => (kind === 'CiliumNetworkPolicy') === (metadata.namespace !== undefined),
  );

export interface Traffic {
  readonly direction: 'ingress' | 'egress';
  readonly selected: EndOf;
  readonly peer: EndOf & { readonly names?: readonly string[] };
  readonly port?: number;
  readonly protocol?: string;
  readonly icmpType?: number;
  readonly request?: { readonly method: string; readonly path: string };
  readonly query?: string;
}

interface EndOf {
  readonly labels?: readonly string[];
  readonly ip?: string;
  readonly node?: string;
}

export function admits(document: unknown, traffic: Traffic): boolean {
  const policy = ciliumPolicy.parse(document);
  const { namespace } = policy.metadata;
  return (policy.specs ?? [policy.spec]).some((each) => {
    if (each === undefined || !selects(each, namespace, traffic.selected)) return false;
    if (traffic.direction === 'ingress')
      return (each.ingress ?? []).some(
        (rule) =>
          isPeer(traffic.peer, namespace, [rule.fromEndpoints, rule.fromEntities, rule.fromCIDR]) &&
          isAsked(rule, traffic),
      );
    return (each.egress ?? []).some(
      (rule) =>
        (isPeer(traffic.peer, namespace, [rule.toEndpoints, rule.toEntities, rule.toCIDR]) ||
          (rule.toFQDNs ?? []).some(({ matchName }) => traffic.peer.names?.includes(matchName))) &&
        isAsked(rule, traffic),
    );
  });
}

function selects(each: z.infer<typeof spec>, namespace: string | undefined, end: EndOf): boolean {
  if (each.nodeSelector !== undefined)
    return each.nodeSelector.matchExpressions.every(({ values }) =>
      values.includes(end.node ?? ''),
    );
  if (each.endpointSelector === undefined) return false;
  const own = namespace === undefined ? {} : { 'k8s:io.kubernetes.pod.namespace': namespace };
  return hasAll(end.labels ?? [], { ...each.endpointSelector.matchLabels, ...own });
}

/** A selector that names no namespace means the policy's own. */
function isPeer(
  peer: EndOf,
  namespace: string | undefined,
  [endpoints = [], entities = [], cidrs = []]: readonly [
    readonly z.infer<typeof selector>[] | undefined,
    readonly string[] | undefined,
    readonly string[] | undefined,
  ],
): boolean {
  const own = namespace === undefined ? {} : { 'k8s:io.kubernetes.pod.namespace': namespace };
  return (
    endpoints.some(({ matchLabels }) => hasAll(peer.labels ?? [], { ...own, ...matchLabels })) ||
    entities.some((each) => peer.labels?.includes(`reserved:${each}`)) ||
    cidrs.some((each) => peer.ip !== undefined && each.replace(/\/(32|128)$/, '') === peer.ip)
  );
}

function hasAll(list: readonly string[], wanted: Readonly<Record<string, string>>): boolean {
  return Object.entries(wanted).every(
    ([key, value]) => list.includes(`${key}=${value}`) || (value === '' && list.includes(key)),
  );
}

function isAsked(
  rule: Pick<z.infer<typeof ingressRule>, 'toPorts' | 'icmps'>,
  { port, protocol, icmpType, request, query }: Traffic,
): boolean {
  if (rule.icmps !== undefined)
    return rule.icmps.some(({ fields }) => fields.some(({ type }) => type === icmpType));
  if (rule.toPorts === undefined) return true;
  return rule.toPorts.some((each) => {
    const fits = each.ports.some((of) => of.port === String(port) && of.protocol === protocol);
    const { http, dns } = each.rules ?? {};
    if (!fits || (http === undefined && dns === undefined)) return fits;
    const whole = (pattern: string | undefined, text: string) =>
      pattern === undefined || new RegExp(`^(?:${pattern})$`).test(text);
    return (
      (http ?? []).some(
        ({ method, path }) => request && whole(method, request.method) && whole(path, request.path),
      ) || (dns ?? []).some(({ matchName }) => matchName === query)
    );
  });
}
