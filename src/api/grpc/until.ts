// Follows new flows up to a time: later flows are dropped, and the stream ends some seconds after it.

import { toNanos } from '../../hubble/proto/timestamp.ts';
import type { EncodedResponse } from '../../query/flows/encoded-response.ts';
import type { LiveFlows } from '../../query/flows/follow.ts';
import type { Clock } from '../../runtime/clock.ts';
import { nsToMs } from '../../runtime/time.ts';

/** Waits this long for flows that arrive late. */
const LATE_MS = 5000;
/** Flows that arrived while history was read are still sent. */
const LEAST_MS = 1000;

/** `until`: nanoseconds since 1970. */
export function followUntil(
  live: Pick<LiveFlows, 'follow'>,
  until: bigint,
  clock: Clock,
): Pick<LiveFlows, 'follow'> {
  return {
    follow(whitelist, blacklist, signal, scope) {
      const over = new AbortController();
      const either = AbortSignal.any([signal, over.signal]);
      const stream = live.follow(whitelist, blacklist, either, scope);
      let armed = false;
      // Starts at the first live item, so that it cannot end history early.
      const arm = () => {
        if (armed) return;
        armed = true;
        const left = nsToMs(until) - clock.now() + LATE_MS;
        const ms = Math.min(Math.max(LEAST_MS, left), 2 ** 31 - 1);
        void clock.sleep(ms, either).then(() => over.abort());
      };
      return {
        waitUntilStored: () => stream.waitUntilStored(),
        setPatient: (patient) => stream.setPatient(patient),
        restart: () => stream.restart(),
        [Symbol.asyncIterator]() {
          const items = stream[Symbol.asyncIterator]();
          return {
            async next() {
              arm();
              for (;;) {
                const next = await items.next();
                if (next.done) over.abort();
                if (next.done || !isAfter(next.value, until)) return next;
              }
            },
            async return() {
              over.abort();
              await items.return?.();
              return { done: true, value: undefined };
            },
          };
        },
      };
    },
  };
}

function isAfter({ response: { flow, time } }: EncodedResponse, until: bigint): boolean {
  const of = flow?.time ?? time;
  return of !== undefined && toNanos(of) > until;
}
