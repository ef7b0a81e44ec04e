// `parallax migrate`: migrates the tables of the store, or lists the statements. Also computes denials and totals of flows
// that were stored without them.

import { refill } from '../enrich/refill/refill.ts';
import { DAY_MS } from '../runtime/time.ts';
import type { ManagedStore } from '../store/engine/engine-store.ts';
import { createStore } from '../store/open.ts';
import type { ParallaxConfig } from './config.ts';
import type { RoleDeps } from './role.ts';

const SLOT_MS = 300_000;
/** A writer may still be storing records received this recently. */
const QUIET_MS = 300_000;

/** Times of flows in milliseconds since 1970; open without a value. */
export interface RefillRange {
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
}

export interface MigrateOptions {
  readonly dryRun: boolean;
  /** Compute denials and totals of stored flows that have none. */
  readonly denials?: RefillRange | undefined;
}

/** Resolves with the exit code; lists on standard output what ran or would run. */
export async function runMigrate(
  config: ParallaxConfig,
  deps: RoleDeps,
  options: MigrateOptions,
): Promise<number> {
  const { logger, registry, clock, stdout } = deps;
  const store = createStore({ config: config.store, logger, registry, clock });
  await store.start(new AbortController().signal);
  try {
    const { migrations, adjustments } = await store.migrate({ dryRun: options.dryRun });
    const verb = options.dryRun ? 'would run' : 'ran';
    for (const { name, statements } of migrations) {
      stdout.write(`${verb} ${name} (${statements.length} statements)\n`);
      if (options.dryRun) for (const statement of statements) stdout.write(`${statement};\n\n`);
    }
    for (const statement of adjustments) stdout.write(`${verb} ${statement}\n`);
    if (migrations.length + adjustments.length === 0) stdout.write('the store is up to date\n');
    if (options.denials && !options.dryRun) await countAnew(config, deps, store, options.denials);
    return 0;
  } finally {
    await store.stop(AbortSignal.timeout(config.shutdownTimeout));
  }
}

async function countAnew(
  config: ParallaxConfig,
  deps: RoleDeps,
  store: ManagedStore,
  { fromMs, toMs }: RefillRange,
): Promise<void> {
  const { clock, logger, stdout } = deps;
  const stored = await slotsOf(store);
  const slot = (ms: number) => Math.floor(ms / SLOT_MS);
  const { retention } = config.store;
  const outcome = await refill(
    { store, limits: config.writer, logger, clock },
    {
      from: Math.max(stored.from, fromMs === undefined ? stored.from : slot(fromMs)),
      to: Math.min(stored.to, toMs === undefined ? stored.to : slot(toMs)),
      quietMs: QUIET_MS,
      awaitDeletes: true,
      surplusFrom:
        retention === 0 ? Number.NEGATIVE_INFINITY : slot(clock.now() - retention + DAY_MS),
    },
  );
  stdout.write(`hours counted       ${outcome.hours}\n`);
  stdout.write(`flows in them       ${outcome.flows}\n`);
  stdout.write(`denials stored      ${outcome.denials}\n`);
  if (outcome.left > 0)
    stdout.write(
      `hours skipped       ${outcome.left}: received within the last minutes; run it again later\n`,
    );
}

async function slotsOf(store: ManagedStore): Promise<{ from: number; to: number }> {
  const sql = 'SELECT min(time_slot), max(time_slot) FROM flows HAVING count() > 0';
  for await (const [from, to] of store.query(sql, {}))
    return { from: Number(from), to: Number(to) };
  return { from: 0, to: -1 };
}
