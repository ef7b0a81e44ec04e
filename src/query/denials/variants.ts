// The traffic of an incident by identity labels, which policies select by. Ends other than pods keep their addresses;
// labels that flows leave out are looked up as of that time.
import type { Reader } from '../../store/store.ts';
import { labelsAt, type UnlabelledEnd } from '../catalogue/labels-at.ts';
import { rangeCondition, type TimeRange } from '../read/range.ts';

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
  `if(position(${side}_labels, '${POD}') > 0, '', toString(ip_${side})) AS ${side}_ip`;

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
  const { where, params } = rangeCondition('denials', range);
  const by =
    'source_labels, destination_labels, source_ip, destination_ip, destination_names, icmp_type, http_method, http_url, dns_query';
  const sql =
    `SELECT source_labels, destination_labels, ${address('source')}, ${address('destination')}, destination_names, ` +
    'icmp_type, http_method, http_url, dns_query, any(source_identity), any(destination_identity), ' +
    'groupUniqArray(10)(toString(node_name)), toUnixTimestamp64Milli(max(time)), ' +
    'greatest(sum(drops), sum(verdicts)) AS times ' +
    `FROM denials WHERE ${where} AND incident IN {ids:Array(UInt64)} GROUP BY ${by} ORDER BY times DESC, ${by} LIMIT {most:UInt32}`;
  const values = { ...params, ids, most: MOST_VARIANTS + 1 };
  const found: { variant: Variant; atMs: number }[] = [];
  for await (const row of store.query(sql, values, signal && { signal }))
    found.push({ variant: variantOf(row), atMs: Number(row[12]) });
  const kept = found.slice(0, MOST_VARIANTS);
  return {
    variants: await labelled(store, kept, clusters, signal),
    cut: found.length > MOST_VARIANTS,
  };
}

function variantOf(row: readonly unknown[]): Variant {
  const lines = (at: number) => (row[at] === '' ? [] : String(row[at]).split('\n'));
  return {
    source: { labels: lines(0), identity: Number(row[9]), ip: String(row[2]) },
    destination: { labels: lines(1), identity: Number(row[10]), ip: String(row[3]) },
    names: lines(4),
    nodes: Array.isArray(row[11]) ? row[11].map(String).sort() : [],
    icmpType: Number(row[5]),
    method: String(row[6]),
    url: String(row[7]),
    query: String(row[8]),
    count: Number(row[13]),
  };
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
