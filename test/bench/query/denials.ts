// How fast denials and incidents of 24 hours are told. The tables are filled out of the flows of the load, as the writer
// would: what one node denied of one conversation is a denial, and an hour of incidents lies in several parts.

import type { FlowFilter } from '../../../src/hubble/proto/schema.gen.ts';
import { incidentNumber } from '../../../src/incident/incident.ts';
import { answerDenials, answerIncidents } from '../../../src/query/denials/answers.ts';
import { denialsConfig } from '../../../src/query/denials/config.ts';
import { readIncidentDetail } from '../../../src/query/denials/detail.ts';
import { SECOND_NS } from '../../../src/runtime/time.ts';
import type { ManagedStore } from '../../../src/store/engine/engine-store.ts';
import { INCIDENT_MEMBERS } from '../../../src/store/schema/denial-columns.ts';
import type { Store } from '../../../src/store/store.ts';
import { DAY, END } from '../../support/load/load.ts';
import { questionOf } from '../../support/load/question.ts';
import { dropCaches, forgetFilters, timed } from './meter.ts';
import { percentile } from './report.ts';

/** Milliseconds that the 95th of 100 answers may take. */
const TARGET_MS = 50;
const HOURS = 24n;
const HOUR = DAY / HOURS;
const PARTS_AN_HOUR = 4n;

/** Some call ports that nobody serves: each of them is an incident. */
const SCANNED = 'if(cityHash64(uuid) % 20 = 0, 1000 + cityHash64(uuid) % 1900, destination_port)';

const workload = (side: string) =>
  `multiIf(${side}_workload != '', toString(${side}_workload), ${side}_workloads = '', '', concat(${side}_namespace, '/', ${side}_workloads)) AS w_${side}`;
const peer = (side: string) =>
  `if(w_${side} != '', '', if(${side}_names != '', toString(${side}_names), extract(${side}_labels, '(?:cidr|reserved):[^\\n]+'))) AS p_${side}`;
const cluster = (side: string) =>
  `multiIf(${side}_cluster != '', toString(${side}_cluster), ${side}_cluster_name != '', toString(${side}_cluster_name), ${side}_namespace = '', '', toString(cluster)) AS c_${side}`;
const MEMBERS = INCIDENT_MEMBERS.join(', ');
const ENDS = INCIDENT_MEMBERS.filter((name) => /^(source|destination)_(?!port)/.test(name));

/** Fills both tables unless they are. */
export async function fillDenials(store: ManagedStore, say: (text: string) => void): Promise<void> {
  if ((await counted(store, 'denials')) > 0) return;
  // The load is of a day long past.
  for (const table of ['denials', 'incidents'])
    await store.command(`ALTER TABLE ${table} REMOVE TTL`);
  const step = HOUR / PARTS_AN_HOUR;
  for (let at = END - DAY; at < END; at += step) {
    say(`denials: ${(at - END + DAY) / HOUR} of ${HOURS} hours`);
    const params = {
      from: at,
      to: at + step - 1n,
      slotFrom: at / 300_000_000_000n,
      slotTo: (at + step - 1n) / 300_000_000_000n,
    };
    const ends = ['source', 'destination'].flatMap((side) => [
      `c_${side} AS ${side}_cluster`,
      `${side}_namespace`,
      `w_${side} AS ${side}_workload`,
      `p_${side} AS ${side}_peer`,
      `${side}_pod_name`,
      `${side}_identity`,
      `${side}_labels`,
      `ip_${side}`,
    ]);
    await store.command(
      `INSERT INTO denials (cluster, received_at, time_slot, time, last, uuid, node_name, verdict, traffic_direction, drop_reason_desc,
          policies, policy_match_type, l4_protocol, source_port, destination_port, icmp_type, http_method, http_url, dns_query,
          ${['source', 'destination'].map((side) => `${side}_cluster, ${side}_namespace, ${side}_workload, ${side}_peer, ${side}_pod_name, ${side}_identity, ${side}_labels, ip_${side}`).join(', ')},
          destination_names, drops, verdicts, incident)
        SELECT * REPLACE (${SCANNED} AS destination_port), cityHash64(cluster, verdict, traffic_direction, drop_reason_desc, l4_protocol, ${SCANNED}, ${ENDS.join(', ')}) FROM (
          SELECT cluster, received_at, time_slot, time, time AS last, uuid, node_name, verdict, traffic_direction, drop_reason_desc,
            '' AS policies, policy_match_type, l4_protocol, source_port, destination_port, icmp_type, http_method, http_url, dns_query,
            ${ends.join(', ')}, destination_names, 1 AS drops, 1 AS verdicts
          FROM (SELECT *, ${['source', 'destination'].flatMap((side) => [cluster(side), workload(side), peer(side)]).join(', ')} FROM flows
            WHERE time_slot BETWEEN {slotFrom:Int32} AND {slotTo:Int32} AND time BETWEEN fromUnixTimestamp64Nano({from:Int64}) AND fromUnixTimestamp64Nano({to:Int64})
              AND verdict = 2 AND event_type != 5))
        SETTINGS prefer_column_name_to_alias = 1, max_threads = 2`,
      params,
    );
    await store.command(
      `INSERT INTO incidents (hour, incident, received_at, ${MEMBERS}, first_seen, last_seen, stored_at, denials, drops, verdicts)
        SELECT intDiv(toUnixTimestamp64Nano(time), 3600000000000) AS h, incident, max(received_at), ${INCIDENT_MEMBERS.map((name) => `any(${name})`).join(', ')},
          min(time), max(last), max(received_at), count(), sum(drops), sum(verdicts)
        FROM denials WHERE time_slot BETWEEN {slotFrom:Int32} AND {slotTo:Int32} AND time BETWEEN fromUnixTimestamp64Nano({from:Int64}) AND fromUnixTimestamp64Nano({to:Int64})
        GROUP BY h, incident`,
      params,
    );
  }
}

interface DenialKind {
  readonly name: string;
  readonly ask: (store: Store) => Promise<number>;
}

/** Relative times count from a moment that is no whole hour, so that edges are read too. */
const NOW = END - SECOND_NS * 600n;
const deps = (store: Store) => ({ store, config: denialsConfig.parse({}), nowNanos: NOW });

function incidents(name: string, args: readonly string[], more: object = {}): DenialKind {
  return {
    name: `incidents of 24 h${name}`,
    ask: async (store) => {
      const window = { since: NOW - DAY, until: undefined, limit: 100 };
      const document = await answerIncidents(
        { ...(await filters(args)), ...window, ...more },
        deps(store),
      );
      return document.incidents.length;
    },
  };
}

function denials(name: string, args: readonly string[]): DenialKind {
  return {
    name: `denials of 24 h${name}`,
    ask: async (store) => {
      const window = { since: NOW - DAY, until: undefined, limit: 100 };
      return (await answerDenials({ ...(await filters(args)), ...window }, deps(store))).denials
        .length;
    },
  };
}

async function filters(
  args: readonly string[],
): Promise<{ whitelist: readonly FlowFilter[]; blacklist: readonly FlowFilter[] }> {
  const { whitelist, blacklist } = await questionOf(args, NOW);
  return { whitelist, blacklist };
}

async function kinds(store: Store): Promise<DenialKind[]> {
  const { incidents: busiest } = await answerIncidents(
    { whitelist: [], blacklist: [], since: NOW - DAY, until: undefined, sort: 'count', limit: 100 },
    deps(store),
  );
  const most = busiest.find(({ destination }) => destination.workload !== '');
  if (most === undefined) throw new Error('the load holds no denials');
  const id = incidentNumber(most.id) ?? 0n;
  const { namespace: space, workload: called } = most.destination;
  const name = called.slice(called.lastIndexOf('/') + 1);
  const query = { id, now: NOW, quiet: 600_000_000_000n, window: DAY, since: NOW - DAY };
  return [
    incidents('', []),
    incidents(', by count', [], { sort: 'count' }),
    incidents(', details', [], { details: true }),
    incidents(', open', [], { state: 'open' }),
    incidents(', new since 1 h', [], { newSince: NOW - HOUR }),
    incidents(', to a namespace', ['--to-namespace', space]),
    incidents(', to a workload', ['--to-workload', name]),
    incidents(', of a cluster', ['--to-cluster', most.destination.cluster]),
    incidents(', a reason', ['--drop-reason-desc', 'POLICY_DENIED']),
    incidents(', a port', ['--to-port', String(most.port)]),
    incidents(', a pod', ['--to-pod', `${space}/${name}`]),
    incidents(', a label', ['--to-label', `app=${name}`]),
    incidents(', a network', ['--ip', '10.2.1.0/24']),
    incidents(', a label that is not', ['--label', 'app=nothing']),
    denials('', []),
    denials(', to a namespace', ['--to-namespace', space]),
    denials(', a label', ['--to-label', `app=${name}`]),
    denials(', a network', ['--ip', '10.2.1.0/24']),
    denials(', a label that is not', ['--label', 'app=nothing']),
    {
      name: 'one incident whole',
      ask: async (whole) => (await readIncidentDetail(whole, query)).incident.count,
    },
  ];
}

/** The figures as a table. */
export async function benchDenials(
  store: ManagedStore,
  how: {
    readonly runs: number;
    readonly only: readonly string[];
    readonly say: (text: string) => void;
  },
): Promise<string> {
  await fillDenials(store, how.say);
  const lines: string[] = [];
  for (const { name, ask } of await kinds(store)) {
    if (how.only.length > 0 && !how.only.some((each) => name.startsWith(each))) continue;
    how.say(name);
    await dropCaches(store);
    const cold = await timed(() => ask(store));
    const warm: number[] = [];
    const cpu: number[] = [];
    const rowsBefore = await rowsRead(store);
    for (let run = 0; run < how.runs; run++) {
      await forgetFilters(store);
      const one = await timed(() => ask(store));
      warm.push(one.millis);
      cpu.push(one.cpuMillis);
    }
    const rows = Math.round(((await rowsRead(store)) - rowsBefore) / how.runs);
    const p95 = percentile(warm, 0.95);
    const told = p95 <= TARGET_MS ? p95.toFixed(0) : `**${p95.toFixed(0)}**`;
    lines.push(
      `| ${name} | ${cold.found} | ${cold.millis.toFixed(0)} | ${percentile(warm, 0.5).toFixed(0)} | ${told} | ${percentile(cpu, 0.5).toFixed(0)} | ${rows} |`,
    );
  }
  const of = `${await counted(store, 'denials')} denials, ${await counted(store, 'incidents')} rows of incidents`;
  const head = '| question | answers | cold ms | p50 ms | p95 ms | CPU ms | rows read |';
  return ['', of, '', head, head.replaceAll(/[^|]+/g, ' --- '), ...lines].join('\n');
}

async function counted(store: Store, table: 'denials' | 'incidents'): Promise<number> {
  for await (const [count] of store.query(`SELECT count() FROM ${table}`, {})) return Number(count);
  return 0;
}

async function rowsRead(store: Store): Promise<number> {
  const sql = "SELECT sumIf(value, event = 'SelectedRows') FROM system.events";
  for await (const [rows] of store.query(sql, {})) return Number(rows);
  return 0;
}
