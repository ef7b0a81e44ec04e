// Rebuilds denials, incidents and totals from stored flows where the totals do not add up to the flows, an hour of a
// cluster at a time. Totals are stored last, so that an interrupted hour does not add up and is rebuilt again.
import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Clock } from '../../runtime/clock.ts';
import type { NativeBlock, Store } from '../../store/store.ts';
import type { DeriveLimits } from '../derive/derive.ts';
import { DeniedRefill } from './denied.ts';
import { findMismatches, firstSlot, inSlots, type Mismatch, type SlotRange } from './mismatch.ts';
import { totalsOf } from './totals.ts';

const SLOTS_PER_HOUR = 12;
/** Slots looked at in one query: a day. */
const SLOTS_AT_ONCE = 288;

export interface RefillDeps {
  readonly store: Store;
  readonly limits: DeriveLimits;
  readonly logger: Logger;
  readonly clock: Clock;
}

export interface RefillOptions extends SlotRange {
  /** Hours that were received this lately are left alone: a writer may be at work on them. */
  readonly quietMs: number;
  /**
   * The first slot that is rebuilt when it has fewer flows than were counted. Of older ones flows may have expired
   * before their totals: what was counted is all that is left of them.
   */
  readonly surplusFrom: number;
  /**
   * Whether to wait, some seconds an hour, until the old rows are deleted. Otherwise both are there for so long; a delete
   * removes only rows from before it was sent, also after a kill.
   */
  readonly awaitDeletes: boolean;
  readonly signal?: AbortSignal;
}

export interface RefillOutcome {
  /** Hours of a cluster. */
  readonly hours: number;
  readonly flows: number;
  readonly denials: number;
  /** Hours that do not add up and were left alone. */
  readonly left: number;
}

/** Throws what the store throws; run again, it goes on where it ended. */
export async function refill(deps: RefillDeps, options: RefillOptions): Promise<RefillOutcome> {
  const done = { hours: 0, flows: 0, denials: 0, left: 0 };
  let next = await firstSlot(deps.store, options.from, options.to);
  while (next !== undefined) {
    const from = next;
    // A day ends with an hour's last slot.
    const day = Math.floor(from / SLOTS_AT_ONCE);
    const to = Math.min(options.to, (day + 1) * SLOTS_AT_ONCE - 1);
    const found = await findMismatches(deps.store, { ...options, from, to });
    const wrong = found.filter(
      ({ slot, flows, counted }) => flows >= counted || slot >= options.surplusFrom,
    );
    for (const hour of byHour(wrong)) {
      options.signal?.throwIfAborted();
      const newest = Math.max(...hour.map(({ receivedMs }) => receivedMs));
      if (newest > deps.clock.now() - options.quietMs) {
        done.left++;
        continue;
      }
      const { flows, denials } = await refillHour(deps, hour, options.awaitDeletes);
      done.hours++;
      done.flows += flows;
      done.denials += denials;
    }
    next = await firstSlot(deps.store, to + 1, options.to);
  }
  return done;
}

/** The mismatches of each hour of each cluster. */
function byHour(found: readonly Mismatch[]): Mismatch[][] {
  const hours = new Map<string, Mismatch[]>();
  for (const each of found) {
    const key = `${Math.floor(each.slot / SLOTS_PER_HOUR)} ${each.cluster}`;
    const hour = hours.get(key);
    if (hour) hour.push(each);
    else hours.set(key, [each]);
  }
  return [...hours.values()];
}

async function refillHour(
  { store, limits, logger, clock }: RefillDeps,
  wrong: readonly Mismatch[],
  awaitDeletes: boolean,
): Promise<{ flows: number; denials: number }> {
  const { cluster = '', slot = 0 } = wrong[0] ?? {};
  const hour = Math.floor(slot / SLOTS_PER_HOUR);
  const all = Array.from({ length: SLOTS_PER_HOUR }, (_, i) => hour * SLOTS_PER_HOUR + i);
  const slots = wrong.map((each) => each.slot);
  const insert = (block: NativeBlock) => store.insert(block, { token: `refill:${randomUUID()}` });
  const counted = wrong.reduce((sum, each) => sum + each.counted, 0);
  const ofHour = {
    where: 'hour = {hour:Int32} AND cluster = {cluster:String}',
    params: { hour, cluster },
  };
  const remove = deletion(store, awaitDeletes);
  await remove('flow_totals', inSlots(cluster, slots));
  await remove('denials', inSlots(cluster, all));
  await remove('incidents', ofHour);
  let denials = 0;
  const denied = new DeniedRefill(store, cluster, limits, clock.now());
  for (const each of all) {
    for (const block of await denied.blocks(each)) {
      await insert(block);
      if (block.table === 'denials') denials += block.rows;
    }
  }
  for (const block of await totalsOf(store, cluster, slots)) await insert(block);
  const flows = wrong.reduce((sum, each) => sum + each.flows, 0);
  logger.info({ cluster, hour, slots: slots.length, flows, counted, denials }, 'hour rebuilt');
  return { flows, denials };
}

function deletion(store: Store, wait: boolean) {
  return async (table: string, { where, params }: ReturnType<typeof inSlots>): Promise<void> => {
    const any = store.query(`SELECT 1 FROM ${table} WHERE ${where} LIMIT 1`, params);
    for await (const _ of any) {
      const sql = `ALTER TABLE ${table} DELETE WHERE ${where} SETTINGS mutations_sync = ${wait ? 1 : 0}`;
      await store.command(sql, params);
      return;
    }
  };
}
