import { DropReason, Verdict } from '../../hubble/proto/schema.gen.ts';
import type { FlowColumnName } from '../../store/schema/columns.ts';
import { type Sql, sql } from '../../store/sql.ts';
import { column } from '../sql/columns.ts';

/** Values of the rows of a window: grouped by columns first, so that an expression is worked out once a group. */
export interface Grouped {
  readonly columns: readonly Sql[];
  /** A value, or an array of them; '' is none. */
  readonly value: Sql;
}

export interface Source {
  /** Values that are always the same; the rest is left out then. */
  readonly fixed?: readonly string[];
  readonly from: readonly Grouped[];
  /** The same in `flow_totals`, where it has them: far fewer rows. */
  readonly totals?: readonly Grouped[];
}

type End = 'source' | 'destination';

function single(name: FlowColumnName): Grouped {
  return { columns: [column(name)], value: column(name) };
}

/** `namespace/name`. */
function named(namespace: FlowColumnName, name: FlowColumnName): Grouped {
  const columns = [column(namespace), column(name)] as const;
  return {
    columns,
    value: sql`if(${columns[1]} = '', '', concat(${columns[0]}, '/', ${columns[1]}))`,
  };
}

function pod(end: End): Grouped {
  return named(`${end}_namespace`, `${end}_pod_name`);
}

function service(end: End): Grouped {
  return named(`${end}_service_namespace`, `${end}_service_name`);
}

function lines(name: FlowColumnName): Grouped {
  return { columns: [column(name)], value: sql`splitByChar('\\n', toString(${column(name)}))` };
}

function labelKeys(end: End): Grouped {
  const { columns, value } = lines(`${end}_labels`);
  return { columns, value: sql`arrayMap(label -> splitByChar('=', label)[1], ${value})` };
}

function policies(name: FlowColumnName): Grouped {
  return {
    columns: [column(name)],
    value: sql`arrayMap(policy -> concat(JSONExtractString(policy, 'namespace'), '/', JSONExtractString(policy, 'name')),
      JSONExtractArrayRaw(toString(${column(name)})))`,
  };
}

/** Of either end, and of each. */
function sided(
  name: string,
  of: (end: End) => Grouped,
  inTotals = false,
): Readonly<Record<string, Source>> {
  const source = (ends: readonly End[]): Source => ({
    from: ends.map(of),
    ...(inTotals && { totals: ends.map(of) }),
  });
  return {
    [name]: source(['source', 'destination']),
    [`source.${name}`]: source(['source']),
    [`destination.${name}`]: source(['destination']),
  };
}

function fixed(values: Iterable<string>): Source {
  return { from: [], fixed: [...values] };
}

const FIELD_LIST: Readonly<Record<string, Source>> = {
  ...sided('cluster', (end) => single(`${end}_cluster`), true),
  ...sided('namespace', (end) => single(`${end}_namespace`), true),
  ...sided('workload', (end) => single(`${end}_workload`), true),
  ...sided('pod', pod),
  ...sided('service', service),
  ...sided('label', (end) => lines(`${end}_labels`)),
  ...sided('label.key', labelKeys),
  ...sided('dns', (end) => lines(`${end}_names`)),
  'observer.cluster': { from: [single('cluster')], totals: [single('cluster')] },
  node: { from: [single('node_name')] },
  policy: {
    from: (
      ['ingress_allowed_by', 'egress_allowed_by', 'ingress_denied_by', 'egress_denied_by'] as const
    ).map(policies),
  },
  'dns.query': { from: [single('dns_query')] },
  'http.method': { from: [single('http_method')] },
  verdict: fixed(Verdict.names.values()),
  drop_reason: fixed(DropReason.names.values()),
  direction: fixed(['ingress', 'egress']),
  protocol: fixed([
    ...['tcp', 'udp', 'icmp', 'icmpv4', 'icmpv6', 'sctp', 'vrrp', 'igmp'],
    ...['http', 'dns', 'kafka'],
  ]),
  type: fixed(['drop', 'trace', 'policy-verdict', 'l7', 'capture', 'trace-sock']),
};

/** By name; `namespace` and the like are of either end. */
export const COMPLETED: ReadonlyMap<string, Source> = new Map(Object.entries(FIELD_LIST));
