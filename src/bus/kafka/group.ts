// What is asked of a consumer group's coordinator, asked again while a broker opens the group: just after a start, or when
// the group moved to another broker. kafkajs tries neither `fetchOffsets` nor `setOffsets` of its admin a second time.
import { backoff } from '../../runtime/backoff.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { KafkaBusConfig } from '../config.ts';
import { isGroupOpening } from './errors.ts';

/**
 * The answer of `ask`, asked as often as kafkajs tries other calls, with its pauses. Rejects with the last refusal, at once
 * with any other error, and with the signal's reason when it aborts.
 */
export async function untilGroupOpens<T>(
  ask: () => Promise<T>,
  config: Pick<KafkaBusConfig, 'retries' | 'retryInitial' | 'retryMax'>,
  clock: Clock,
  signal: AbortSignal,
): Promise<T> {
  const { retryInitial: initialMs, retryMax: maxMs } = config;
  const retry = backoff({ initialMs, maxMs, floor: 1 });
  while (true) {
    try {
      return await ask();
    } catch (error) {
      if (!isGroupOpening(error) || retry.attempts >= config.retries) throw error;
      await retry.wait(clock, signal);
      signal.throwIfAborted();
    }
  }
}
