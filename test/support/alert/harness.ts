// A store with denials as a writer puts them there, an evaluator over it whose time is ours, and receivers that listen.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import type { z } from 'zod';
import { alertConfig } from '../../../src/alert/config.ts';
import { createEvaluator } from '../../../src/alert/incidents/evaluator.ts';
import { alertMetrics } from '../../../src/alert/metrics.ts';
import { createNotifications } from '../../../src/alert/notify/notifications.ts';
import { createWebhook } from '../../../src/alert/notify/webhook.ts';
import { duration } from '../../../src/config/values.ts';
import { type IncidentEvent, parseIncidentEvent } from '../../../src/incident/incident-event.ts';
import {
  type IncidentLogRow,
  incidentLog,
  uuidBytes,
} from '../../../src/query/denials/feed/incident-log.ts';
import type { Clock } from '../../../src/runtime/clock.ts';
import { msToNs } from '../../../src/runtime/time.ts';
import { encodeRows } from '../../../src/store/native/native-rows.ts';
import { COVERAGE_COLUMNS } from '../../../src/store/schema/coverage-columns.ts';
import { DENIAL_COLUMNS, INCIDENT_COLUMNS } from '../../../src/store/schema/denial-columns.ts';
import type { Store } from '../../../src/store/store.ts';
import { never, openStore, type TestStore } from '../../engines/stores.ts';

export const MINUTE = 60_000;
const WITHIN_MS = 20_000;

/** A clock that goes on by itself, and can be put ahead. */
export function ownClock(startMs = Date.now()) {
  const offset = startMs - Date.now();
  let ahead = 0;
  const clock: Clock & { ahead(ms: number): void } = {
    now: () => Date.now() + offset + ahead,
    sleep: (ms, signal) => sleep(Math.min(ms, 20), undefined, { signal }).catch(() => {}),
    ahead(ms) {
      ahead += ms;
    },
  };
  return clock;
}

export interface Denied {
  readonly incident?: bigint;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly storedAt?: number;
  readonly cluster?: string;
  readonly count?: number;
  readonly pod?: string;
  readonly verdict?: number;
  readonly port?: number;
  readonly reason?: number;
  readonly policies?: string;
  /** Policy verdicts; as many as drops when left out. */
  readonly verdicts?: number;
}

let token = 0;

/** Stores denials in both tables, as a writer does. */
export async function store(to: Pick<Store, 'insert'>, denials: readonly Denied[]): Promise<void> {
  const rows = denials.map((denied) => {
    const { incident = 1n, at, storedAt = Date.now(), cluster = 'east' } = denied;
    const { count = 1, pod = 'xwing-1', verdict = 2, port = 80 } = denied;
    const { reason = 133, policies = '', verdicts = count } = denied;
    const time = msToNs(at);
    return {
      hour: Math.floor(at / 3_600_000),
      time_slot: Math.floor(at / 300_000),
      incident,
      received_at: BigInt(storedAt),
      stored_at: BigInt(storedAt),
      cluster,
      verdict,
      traffic_direction: 1,
      drop_reason_desc: reason,
      policies,
      l4_protocol: 1,
      destination_port: port,
      source_cluster: 'liz-cm-gke-5',
      source_namespace: 'farfaraway',
      source_workload: 'farfaraway/Deployment/xwing',
      source_pod_name: pod,
      destination_cluster: cluster,
      destination_namespace: 'farfaraway',
      destination_workload: 'farfaraway/Deployment/rebel-base',
      destination_pod_name: 'rebel-base-1',
      first_seen: time,
      last_seen: time,
      time,
      last: time,
      uuid: uuidBytes(),
      denials: 1n,
      drops: count,
      verdicts,
    };
  });
  const insert = (table: string, columns: typeof DENIAL_COLUMNS) =>
    to.insert(encodeRows(table, columns, rows), { token: `denied-${token++}` });
  await insert('denials', DENIAL_COLUMNS);
  await insert('incidents', INCIDENT_COLUMNS);
}

/** Reports that a cluster was collected from then to then, in milliseconds since 1970. */
export async function watch(
  to: Pick<Store, 'insert'>,
  cluster: string,
  fromMs: number,
  toMs: number,
): Promise<void> {
  const rows = [];
  for (let end = fromMs + 15_000; end <= toMs; end += 15_000)
    rows.push({
      cluster,
      received_at: BigInt(end),
      uuid: uuidBytes(),
      minute: Math.floor((end - 15_000) / MINUTE) * 60,
      up_ms: 15_000,
    });
  await to.insert(encodeRows('coverage', COVERAGE_COLUMNS, rows), { token: `watched-${token++}` });
}

export interface Alerts {
  readonly registry: Registry;
  /** What it logged, as JSON. */
  readonly lines: readonly string[];
  stop(): Promise<void>;
}

type AlertSettings = z.input<typeof alertConfig> & { readonly quiet?: string };

export interface AlertStore {
  readonly store: TestStore['store'];
  /** For files of the tests; gone with them. */
  readonly directory: string;
  /** Starts evaluator and receivers over it; they end with the test. */
  start(clock: Clock, settings?: AlertSettings): Promise<Alerts>;
}

const TABLES = ['incident_events', 'deliveries', 'incidents', 'denials', 'coverage'];

/** The store of a test file, on the embedded engine: empty at the beginning of each test. */
export function alertStore(): AlertStore {
  const directory = mkdtempSync(join(tmpdir(), 'parallax-alert-'));
  const running: Alerts[] = [];
  let opened: TestStore;
  beforeAll(async () => {
    opened = await openStore({ chdb: { path: join(directory, 'data') } });
  });
  afterAll(async () => {
    await opened.stop();
    rmSync(directory, { recursive: true, force: true });
  });
  beforeEach(async () => {
    for (const table of TABLES) await opened.store.command(`TRUNCATE TABLE ${table}`);
  });
  afterEach(async () => {
    for (const alerts of running.splice(0)) await alerts.stop();
  });
  return {
    directory,
    get store() {
      return opened.store;
    },
    async start(clock, settings) {
      const alerts = await startAlerts(opened.store, clock, settings);
      running.push(alerts);
      return alerts;
    },
  };
}

/** Evaluator and receivers, as a role has them. */
export async function startAlerts(
  to: Pick<Store, 'query' | 'insert'>,
  clock: Clock,
  { quiet = '10m', ...written }: AlertSettings = {},
): Promise<Alerts> {
  const settings = alertConfig.parse({ interval: '20ms', ...written });
  const config = { ...settings, quiet: duration.parse(quiet) };
  const registry = new Registry();
  const metrics = alertMetrics(registry);
  const lines: string[] = [];
  const logger = pino({ level: 'debug' }, { write: (line) => void lines.push(line) });
  const common = { store: to, clock, logger, metrics };
  const notifiers = config.webhooks.map((each) => createWebhook(each, { clock, version: '0' }));
  const notifications = createNotifications({ ...common, notifiers });
  const evaluator = createEvaluator({ ...common, config, appended: () => notifications.poke() });
  await notifications.start(never);
  await evaluator.start(never);
  return {
    registry,
    lines,
    async stop() {
      await evaluator.stop(never);
      await notifications.stop(never);
    },
  };
}

export async function logOf(from: Pick<Store, 'query'>): Promise<IncidentLogRow[]> {
  return [...(await incidentLog(from).read({ after: 0n, limit: 10_000, silent: true }))];
}

/** `new 1, resolved 1`: kinds and numbers, silent ones in brackets. */
export function told(rows: readonly IncidentLogRow[]): string {
  return rows
    .map(({ kind, incident, silent }) => (silent ? `(${kind} ${incident})` : `${kind} ${incident}`))
    .join(', ');
}

export function documentsOf(rows: readonly IncidentLogRow[]): IncidentEvent[] {
  return rows.flatMap(({ document }) => parseIncidentEvent(document) ?? []);
}

export async function until<T>(
  what: string,
  look: () => Promise<T> | T,
  good: (seen: T) => boolean,
) {
  const end = Date.now() + WITHIN_MS;
  for (;;) {
    const seen = await look();
    if (good(seen)) return seen;
    if (Date.now() > end) throw new Error(`waited in vain for ${what}; last seen: ${String(seen)}`);
    await sleep(20);
  }
}
