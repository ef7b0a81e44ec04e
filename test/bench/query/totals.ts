// How fast tops, series and the service map are told. The totals are filled out of the flows of the load, as the writer
// would; windows begin and end within slots, so that edges are read from the flows too.
import {
  answerAggregates,
  answerMap,
  answerTimeseries,
  answerTop,
} from '../../../src/query/totals/answers.ts';
import { totalsConfig } from '../../../src/query/totals/config.ts';
import {
  aggregatesInput,
  mapInput,
  timeseriesInput,
  topInput,
} from '../../../src/query/totals/input.ts';
import { createTotalsWatermark } from '../../../src/query/totals/totals-watermark.ts';
import type { ManagedStore } from '../../../src/store/engine/engine-store.ts';
import type { Reader } from '../../../src/store/store.ts';
import { fillTotals } from '../../engines/fill-totals.ts';
import { numberOf } from '../../engines/stores.ts';
import { DAY, END } from '../../support/load/load.ts';
import { dropCaches, forgetFilters, timed } from './meter.ts';
import { percentile } from './report.ts';

const SLOT = 300_000_000_000n;
const SLOTS_AT_ONCE = 12;
/** No whole slot. */
const NOW = END - 137_000_000_000n;

interface TotalsKind {
  readonly name: string;
  /** Milliseconds that the 95th of 100 answers may take; none where the flows themselves must be counted. */
  readonly target?: number;
  readonly ask: (
    store: Reader,
    watermark: ReturnType<typeof createTotalsWatermark>,
  ) => Promise<{
    readonly answers: number;
    readonly source: string;
  }>;
}

/** Fills the table unless it is. */
export async function fillBenchTotals(
  store: ManagedStore,
  say: (text: string) => void,
): Promise<void> {
  if ((await numberOf(store, 'SELECT count() FROM flow_totals')) > 0) return;
  // The load is of a day long past.
  await store.command('ALTER TABLE flow_totals REMOVE TTL').catch(() => {});
  const last = Number(END / SLOT);
  for (let from = Number((END - DAY) / SLOT); from <= last; from += SLOTS_AT_ONCE) {
    say(`totals: ${last - from} slots to go`);
    await fillTotals(store, { from, to: from + SLOTS_AT_ONCE - 1 });
  }
}

type Fields = Readonly<Record<string, unknown>>;
const config = totalsConfig.parse({});
const depsOf = (watermark: ReturnType<typeof createTotalsWatermark>) => ({
  config,
  watermark,
  nowNanos: NOW,
});

function map(name: string, since: string, fields: Fields = {}): TotalsKind {
  return {
    name: `map of ${since}${name}`,
    ...(since === '1h' && { target: 200 }),
    ask: async (store, watermark) => {
      const input = mapInput.parse({ since, ...fields });
      const { edges, counted } = await answerMap(store, input, depsOf(watermark));
      return { answers: edges.length, source: counted };
    },
  };
}

function top(name: string, fields: Fields, target?: number): TotalsKind {
  return {
    name: `top 20 of 24 h${name}`,
    ...(target !== undefined && { target }),
    ask: async (store, watermark) => {
      const input = topInput.parse({ since: '24h', ...fields });
      const { groups, source } = await answerTop(store, input, depsOf(watermark));
      return { answers: groups.length, source };
    },
  };
}

function series(name: string, fields: Fields, target?: number): TotalsKind {
  return {
    name: `timeseries of 24 h${name}`,
    ...(target !== undefined && { target }),
    ask: async (store, watermark) => {
      const input = timeseriesInput.parse({ since: '24h', ...fields });
      const found = await answerTimeseries(store, input, depsOf(watermark));
      return { answers: found.points, source: found.source };
    },
  };
}

function aggregates(name: string, fields: Fields): TotalsKind {
  return {
    name: `aggregates of 1 h${name}`,
    ask: async (store, watermark) => {
      const input = aggregatesInput.parse({ since: '1h', ...fields });
      const { groups, source } = await answerAggregates(store, input, depsOf(watermark));
      return { answers: groups.length, source };
    },
  };
}

const KINDS: readonly TotalsKind[] = [
  map(', workloads', '1h'),
  map(', namespaces', '1h', { level: 'namespace' }),
  map(', clusters', '1h', { level: 'cluster' }),
  map(', dropped', '1h', { verdict: 'DROPPED' }),
  map(', a namespace', '1h', { namespace: 'shop-2' }),
  map(', a cluster', '1h', { cluster: 'load-2' }),
  map(', a workload', '1h', { workload: 'gateway' }),
  map(', a label', '1h', { label: 'app=ledger' }),
  map(', workloads', '24h'),
  top(' client, server', {}, 300),
  top(' source, destination', { by: 'source.workload,destination.workload' }, 300),
  top(' namespaces', { by: 'source.namespace,destination.namespace' }, 300),
  top(' ports', { by: 'port' }, 300),
  top(' dropped', { verdict: 'DROPPED' }, 300),
  top(' of a namespace', { namespace: 'shop-2' }, 300),
  top(' UDP', { protocol: 'udp', by: 'server' }, 300),
  top(' of 12 h, compared', { since: '12h', compare: true }, 300),
  top(' of a cluster', { cluster: 'load-2' }),
  top(' of a label', { label: 'app=ledger' }),
  top(' pods', { by: 'source.pod,destination.pod' }),
  top(' DNS names', { by: 'dns.query' }),
  series('', {}, 200),
  series(' by verdict', { by: 'verdict' }, 200),
  series(' by server', { by: 'server' }, 200),
  series(' dropped', { verdict: 'DROPPED', by: 'client' }, 200),
  series(' of a namespace', { namespace: 'shop-2' }, 200),
  series(' by node', { by: 'node' }),
  aggregates(' by workloads, verdict', { by: 'source.workload,destination.workload,verdict' }),
  aggregates(' by an HTTP path', { by: 'server,http.code', 'http-path': '/v1/orders/.*' }),
];

/** The figures as a table. */
export async function benchTotals(
  store: ManagedStore,
  how: {
    readonly runs: number;
    readonly only: readonly string[];
    readonly say: (text: string) => void;
  },
): Promise<string> {
  await fillBenchTotals(store, how.say);
  const lines: string[] = [];
  for (const { name, target = Number.POSITIVE_INFINITY, ask } of KINDS) {
    if (how.only.length > 0 && !how.only.some((each) => name.startsWith(each))) continue;
    how.say(name);
    await dropCaches(store);
    // The first question of a process also finds out which slots of the totals are whole.
    const cold = await timed(() => ask(store, createTotalsWatermark(store)));
    const watermark = createTotalsWatermark(store);
    await ask(store, watermark);
    const warm: number[] = [];
    const cpu: number[] = [];
    // Some of those without a target read every flow of the day.
    const runs = target === Number.POSITIVE_INFINITY ? Math.min(3, how.runs) : how.runs;
    for (let run = 0; run < runs; run++) {
      await forgetFilters(store);
      const { millis, cpuMillis } = await timed(() => ask(store, watermark));
      warm.push(millis);
      cpu.push(cpuMillis);
    }
    const p95 = percentile(warm, 0.95);
    const told = p95 <= target ? p95.toFixed(0) : `**${p95.toFixed(0)}**`;
    const { answers, source } = cold.found;
    lines.push(
      `| ${name} | ${source} | ${answers} | ${cold.millis.toFixed(0)} | ${percentile(warm, 0.5).toFixed(0)} | ${told} | ${percentile(cpu, 0.5).toFixed(0)} |`,
    );
  }
  const rows = await numberOf(store, 'SELECT count() FROM flow_totals');
  const head = '| question | counted from | answers | cold ms | p50 ms | p95 ms | CPU ms |';
  return [
    '',
    `${rows} rows of totals`,
    '',
    head,
    head.replaceAll(/[^|]+/g, ' --- '),
    ...lines,
  ].join('\n');
}
