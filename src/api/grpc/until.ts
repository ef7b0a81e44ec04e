// New flows up to a moment: those that are later are left out, and the stream ends a while after it.

import { toNanos } from '../../hubble/proto/timestamp.ts';
import type { Outgoing } from '../../query/flows/encoded-response.ts';
import type { LiveFlows } from '../../query/flows/follow.ts';
import type { Clock } from '../../runtime/clock.ts';
import { nsToMs } from '../../runtime/time.ts';

/** Flows take so long to arrive: what is of the last moments is waited for. */
const LATE_MS = 5000;
/** What came while history was read is told, however long that took. */
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
      // From where history has been told: the end of what is new must not cut it short.
      const arm = () => {
        if (armed) return;
        armed = true;
        const left = nsToMs(until) - clock.now() + LATE_MS;
        const ms = Math.min(Math.max(LEAST_MS, left), 2 ** 31 - 1);
        void clock.sleep(ms, either).then(() => over.abort());
      };
      return {
        settled: () => stream.settled(),
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

function isAfter({ response: { flow, time } }: Outgoing, until: bigint): boolean {
  const of = flow?.time ?? time;
  return of !== undefined && toNanos(of) > until;
}
