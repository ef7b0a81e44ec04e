// The traffic of an incident by identity labels, which policies select by. Ends other than pods keep their addresses;
// labels that flows leave out are looked up as of that time.
import { allRows, list, number, type Row, text } from '../../store/rows.ts';
import { column, param, sql, table } from '../../store/sql.ts';
import type { Reader } from '../../store/store.ts';
import { labelsAt, type UnlabelledEnd } from '../catalogue/labels-at.ts';
import { inRange, type TimeRange } from '../read/range.ts';

export interface VariantEnd {
  /** Identity labels, `source:key=value`. */
  readonly labels: readonly string[];
  readonly identity: number;
  /** '' of a pod, which is selected by labels. */
  readonly ip: string;
}

/** Traffic of an incident between the same identities. */
export interface Variant {
  readonly source: VariantEnd;
  readonly destination: VariantEnd;
  /** DNS names of the destination. */
  readonly names: readonly string[];
  /** That denied it, as flows name them. */
  readonly nodes: readonly string[];
  readonly icmpType: number;
  readonly method: string;
  readonly url: string;
  readonly query: string;
  readonly count: number;
}

/** The most frequent ones: addresses outside of clusters can be many. */
const MOST_VARIANTS = 500;
const LAST_RESERVED = 255;
const POD = 'k8s:io.kubernetes.pod.namespace=';
const address = (side: string) =>
  sql`if(position(${column(`${side}_labels`)}, ${param(POD, 'String')}) > 0, '', toString(${column(`ip_${side}`)})) AS ${column(`${side}_ip`)}`;
const BY = sql`source_labels, destination_labels, source_ip, destination_ip, destination_names, icmp_type, http_method, http_url, dns_query`;
const ROW = {
  sourceLabels: text,
  destinationLabels: text,
  sourceIp: text,
  destinationIp: text,
  names: text,
  icmpType: number,
  method: text,
  url: text,
  query: text,
  sourceIdentity: number,
  destinationIdentity: number,
  nodes: list(text),
  atMs: number,
  count: number,
};

export interface Variants {
  readonly variants: readonly Variant[];
  /** There are more, which were seen less often. */
  readonly cut: boolean;
}

export async function readVariants(
  store: Reader,
  ids: readonly bigint[],
  range: TimeRange,
  clusters: { readonly source: string; readonly destination: string },
  signal?: AbortSignal,
): Promise<Variants> {
  const statement = sql`SELECT source_labels, destination_labels, ${address('source')}, ${address('destination')},
      destination_names, icmp_type, http_method, http_url, dns_query, any(source_identity), any(destination_identity),
      groupUniqArray(10)(toString(node_name)), toUnixTimestamp64Milli(max(time)),
      greatest(sum(drops), sum(verdicts)) AS times
    FROM ${table('denials')}
    WHERE (${inRange('denials', range)}) AND incident IN ${param(ids, 'Array(UInt64)')}
    GROUP BY ${BY} ORDER BY times DESC, ${BY} LIMIT ${MOST_VARIANTS + 1}`;
  const found = (await allRows(store, statement, ROW, { signal })).map((row) => ({
    variant: variantOf(row),
    atMs: row.atMs,
  }));
  const kept = found.slice(0, MOST_VARIANTS);
  return {
    variants: await labelled(store, kept, clusters, signal),
    cut: found.length > MOST_VARIANTS,
  };
}

function variantOf(row: Row<typeof ROW>): Variant {
  const { icmpType, method, url, query, count, names, nodes } = row;
  const { sourceIdentity, sourceIp, destinationIdentity, destinationIp } = row;
  return {
    source: { labels: lines(row.sourceLabels), identity: sourceIdentity, ip: sourceIp },
    destination: {
      labels: lines(row.destinationLabels),
      identity: destinationIdentity,
      ip: destinationIp,
    },
    names: lines(names),
    nodes: nodes.toSorted(),
    ...{ icmpType, method, url, query, count },
  };
}

function lines(text: string): readonly string[] {
  return text === '' ? [] : text.split('\n');
}

/** With labels of identities that the flows left out. */
async function labelled(
  store: Reader,
  found: readonly { readonly variant: Variant; readonly atMs: number }[],
  clusters: { readonly source: string; readonly destination: string },
  signal: AbortSignal | undefined,
): Promise<Variant[]> {
  const asked: UnlabelledEnd[] = [];
  const sides = ['source', 'destination'] as const;
  const isAsked = ({ labels, identity }: VariantEnd) =>
    labels.length === 0 && identity > LAST_RESERVED;
  for (const { variant, atMs } of found)
    for (const side of sides)
      if (isAsked(variant[side]))
        asked.push({ cluster: clusters[side], identity: variant[side].identity, atMs });
  const answers = [...(await labelsAt(store, asked, signal && { signal }))];
  return found.map(({ variant }) => {
    const end = (side: 'source' | 'destination'): VariantEnd => {
      const own = variant[side];
      const labels = isAsked(own) ? (answers.shift() ?? []) : own.labels;
      const isPod = labels.some((label) => label.startsWith(POD));
      return { ...own, labels, ip: isPod ? '' : own.ip };
    };
    return { ...variant, source: end('source'), destination: end('destination') };
  });
}
