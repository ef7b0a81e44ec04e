// `parallax alert deliveries` and `redeliver`: what became of telling receivers, and having it told again. Both go by
// the table alone; whoever runs the notifiers finds there what is to be told again.
import { Ledger, type StoredDelivery } from '../alert/notify/ledger.ts';
import { incidentId } from '../hubble/incident.ts';
import { ParallaxError } from '../runtime/errors.ts';
import type { ManagedStore } from '../store/engine-store.ts';
import { createStore } from '../store/open.ts';
import type { ParallaxConfig } from './config.ts';
import type { RoleDeps } from './role.ts';

export interface DeliveriesOptions {
  readonly receiver?: string | undefined;
  readonly state?: 'delivered' | 'dead' | 'again' | undefined;
  readonly last: number;
  readonly json: boolean;
}

export interface RedeliverOptions {
  readonly keys: readonly string[];
  readonly receiver?: string | undefined;
  /** All that were given up. */
  readonly dead: boolean;
}

const MOST = 1000;

export function runDeliveries(
  config: ParallaxConfig,
  deps: RoleDeps,
  { receiver, state, last, json }: DeliveriesOptions,
): Promise<number> {
  return withStore(config, deps, async (store, signal) => {
    const found = await new Ledger(store).latest({ receiver, state, limit: last }, signal);
    deps.stdout.write(json ? found.map(jsonLine).join('') : table(found));
  });
}

export function runRedeliver(
  config: ParallaxConfig,
  deps: RoleDeps,
  { keys, receiver, dead }: RedeliverOptions,
): Promise<number> {
  if (keys.length === 0 && !dead)
    throw new ParallaxError(
      'input/invalid',
      'name keys of events, or give --dead for all given up',
    );
  return withStore(config, deps, async (store, signal) => {
    const ledger = new Ledger(store);
    const state = dead ? ('dead' as const) : undefined;
    const found = await ledger.latest({ receiver, state, keys, limit: MOST }, signal);
    const missing = keys.filter((key) => !found.some((each) => each.key === key));
    if (missing.length > 0)
      throw new ParallaxError('input/not-found', `no delivery of ${missing.join(', ')}`);
    const again = found.map(({ atMs: _, ...delivery }) => ({
      ...delivery,
      state: 'again' as const,
      attempts: 0,
      status: 0,
      reason: '',
    }));
    if (again.length > 0) await ledger.write(again, deps.clock.now());
    deps.stdout.write(`${again.length} to be told again\n`);
  });
}

async function withStore(
  config: ParallaxConfig,
  { logger, registry, clock }: RoleDeps,
  work: (store: ManagedStore, signal: AbortSignal) => Promise<void>,
): Promise<number> {
  const store = createStore({ config: config.store, logger, registry, clock });
  const { signal } = new AbortController();
  await store.start(signal);
  try {
    await work(store, signal);
    return 0;
  } finally {
    await store.stop(AbortSignal.timeout(config.shutdownTimeout));
  }
}

function jsonLine({ sequence, incident, atMs, ...rest }: StoredDelivery): string {
  const at = new Date(atMs).toISOString();
  const line = { ...rest, cursor: String(sequence), incident: incidentId(incident), at };
  return `${JSON.stringify(line)}\n`;
}

function table(found: readonly StoredDelivery[]): string {
  const head = [
    'AT',
    'RECEIVER',
    'STATE',
    'EVENT',
    'INCIDENT',
    'KEY',
    'ATTEMPTS',
    'STATUS',
    'REASON',
  ];
  const rows = found.map((each) => [
    new Date(each.atMs).toISOString(),
    each.receiver,
    each.state,
    each.kind,
    incidentId(each.incident),
    each.key,
    String(each.attempts),
    String(each.status),
    each.reason,
  ]);
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return `${all.map(line).join('\n')}\n`;
}
