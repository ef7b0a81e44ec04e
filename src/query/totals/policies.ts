// Policies named by flows: what each allowed and denied, per cluster. Only *_denied_by names denying policies; a policy
// that allowed one side of a dropped flow denied nothing.
import { timeText } from '../../hubble/proto/timestamp.ts';
import { bigint, number, type Row, rows as readRows, text } from '../../store/rows.ts';
import { anyOf, column, EMPTY, sql } from '../../store/sql.ts';
import type { Reader } from '../../store/store.ts';
import type { Document } from '../request/document.ts';
import { type Dimension, dimensionsNamed } from './dimensions.ts';
import { AUDITED, DENIED } from './expressions.ts';
import { countedRows, keysOf, listed, namedList, type TotalsDeps } from './rows.ts';
import type { policiesOutput } from './schema.ts';
import { checkWindow, exactFilter, type TotalsQuery } from './totals-query.ts';

export interface PoliciesQuery extends TotalsQuery {
  /** Policies in the answer, the busiest first. */
  readonly limit: number;
}

export type Policies = Document<typeof policiesOutput>;
export type PolicySeen = Policies['policies'][number];
type PolicyTraffic = PolicySeen['traffic'][number];

const MAX_TRAFFIC = 5;
/** Groups of flows looked at. */
const MOST_GROUPS = 100_000;
const WAYS = ['egress', 'ingress'] as const;

const LISTS: Pick<Dimension, 'keys' | 'shown'>[] = WAYS.flatMap((way) =>
  (['allowed', 'denied'] as const).map((what) => ({
    keys: [{ flows: column(`${way}_${what}_by`) }],
    shown: (list = EMPTY) => list,
  })),
);
const OUTCOME: Pick<Dimension, 'keys' | 'shown'> = {
  keys: [{ flows: sql`multiIf(${DENIED}, 1, ${AUDITED}, 2, verdict = 2, 3, 0)` }],
  shown: (outcome = EMPTY) => outcome,
};

export async function queryPolicies(
  store: Reader,
  query: PoliciesQuery,
  deps: TotalsDeps,
): Promise<Policies> {
  checkWindow(query);
  const filter = exactFilter(query, 'policies');
  const { keys, shown } = keysOf([
    ...dimensionsNamed('policies', ['cluster', 'client', 'server', 'port']),
    OUTCOME,
    ...LISTS,
  ]);
  const named = WAYS.map(
    (way) => sql`${column(`${way}_allowed_by`)} != '' OR ${column(`${way}_denied_by`)} != ''`,
  );
  const rows = await countedRows(
    {
      windows: [query],
      filter: {
        exact: filter.exact,
        condition: sql`(${filter.condition}) AND (${anyOf([...named, DENIED])})`,
      },
      keys,
      measures: ['flows', 'first', 'last'],
    },
    deps,
  );
  const { names, columns } = namedList('g', shown);
  const statement = sql`SELECT ${listed(...columns)}, sum(m_flows) AS n, min(m_first), max(m_last), count() OVER ()
    FROM (${rows.sql}) GROUP BY ${listed(...names)} ORDER BY n DESC LIMIT ${MOST_GROUPS}`;
  const fold = new Fold();
  let groups = 0;
  let all = 0;
  for await (const row of readRows(store, statement, GROUP, { signal: deps.signal })) {
    groups++;
    all = row.groups;
    fold.add(row);
  }
  return { ...fold.policiesSeen(query.limit), cut: all - groups };
}

const GROUP = {
  cluster: text,
  client: text,
  server: text,
  port: number,
  outcome: number,
  egressAllowed: text,
  egressDenied: text,
  ingressAllowed: text,
  ingressDenied: text,
  flows: number,
  first: bigint,
  last: bigint,
  groups: number,
};

interface Count {
  readonly cluster: string;
  readonly policy: { readonly kind: string; readonly namespace: string; readonly name: string };
  readonly direction: (typeof WAYS)[number];
  readonly counts: Record<PolicyTraffic['outcome'], number>;
  readonly traffic: Map<string, PolicyTraffic & { flows: number }>;
  first: bigint;
  last: bigint;
}

const OUTCOMES = ['allowed', 'denied', 'audited', 'allowed-yet-dropped'] as const;

class Fold {
  private readonly policies = new Map<string, Count>();
  private readonly unnamed = new Map<string, number>();

  add(seen: Row<typeof GROUP>): void {
    const { cluster, flows } = seen;
    const outcome = OUTCOMES[seen.outcome] ?? 'allowed';
    const { egressAllowed, egressDenied, ingressAllowed, ingressDenied } = seen;
    const lists = [egressAllowed, egressDenied, ingressAllowed, ingressDenied].map(policiesOf);
    let named = false;
    for (const [index, direction] of WAYS.entries()) {
      const [allowed = [], denied = []] = lists.slice(2 * index, 2 * index + 2);
      for (const policy of denied) {
        named = true;
        // Beside a verdict that lets it pass, a list of who denies is of an older decision.
        if (outcome === 'denied' || outcome === 'audited')
          this.count(policy, direction, outcome, seen);
      }
      for (const policy of allowed) {
        // Audit mode lets it pass.
        const passed = outcome === 'allowed' || outcome === 'audited';
        this.count(policy, direction, passed ? 'allowed' : 'allowed-yet-dropped', seen);
      }
    }
    if (outcome === 'denied' && !named)
      this.unnamed.set(cluster, (this.unnamed.get(cluster) ?? 0) + flows);
  }

  private count(
    policy: Count['policy'],
    direction: Count['direction'],
    outcome: PolicyTraffic['outcome'],
    { cluster, client, server, port, flows, first, last }: Row<typeof GROUP>,
  ): void {
    const key = JSON.stringify([cluster, policy, direction]);
    const found: Count = this.policies.get(key) ?? {
      cluster,
      policy,
      direction,
      counts: { allowed: 0, denied: 0, audited: 0, 'allowed-yet-dropped': 0 },
      traffic: new Map(),
      first,
      last,
    };
    this.policies.set(key, found);
    found.counts[outcome] += flows;
    if (first < found.first) found.first = first;
    if (last > found.last) found.last = last;
    const what = JSON.stringify([client, server, port, outcome]);
    const traffic = found.traffic.get(what);
    if (traffic) traffic.flows += flows;
    else found.traffic.set(what, { client, server, port, outcome, flows });
  }

  policiesSeen(limit: number): Omit<Policies, 'cut'> {
    const all = [...this.policies.values()].map((each): PolicySeen => {
      const { allowed, denied, audited } = each.counts;
      const traffic = [...each.traffic.values()].sort((a, b) => b.flows - a.flows);
      return {
        cluster: each.cluster,
        ...each.policy,
        direction: each.direction,
        allowed,
        allowedYetDropped: each.counts['allowed-yet-dropped'],
        denied,
        audited,
        firstSeen: timeText(each.first),
        lastSeen: timeText(each.last),
        traffic: traffic.slice(0, MAX_TRAFFIC),
      };
    });
    const flows = ({ allowed, allowedYetDropped, denied, audited }: PolicySeen) =>
      allowed + allowedYetDropped + denied + audited;
    const name = (each: PolicySeen) =>
      JSON.stringify([each.cluster, each.kind, each.namespace, each.name, each.direction]);
    all.sort((a, b) => flows(b) - flows(a) || (name(a) < name(b) ? -1 : 1));
    return {
      policies: all.slice(0, limit),
      count: all.length,
      unnamed: [...this.unnamed]
        .map(([cluster, denied]) => ({ cluster, denied }))
        .sort((a, b) => b.denied - a.denied),
    };
  }
}

function policiesOf(json: string): Count['policy'][] {
  if (json === '') return [];
  const list: unknown = JSON.parse(json);
  if (!Array.isArray(list)) return [];
  const of = (each: Record<string, unknown>, name: string) =>
    typeof each[name] === 'string' ? each[name] : '';
  return list.map((each: Record<string, unknown>) => ({
    kind: of(each, 'kind'),
    namespace: of(each, 'namespace'),
    name: of(each, 'name'),
  }));
}
