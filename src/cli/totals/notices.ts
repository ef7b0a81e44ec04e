// What the answer to a request about totals cannot show, where the store is opened for it: a server says it itself.

import { coverageWithin } from '../../api/http/envelope.ts';
import { storedSlots } from '../../query/read/slots.ts';
import { requestWindow, type SharedInput } from '../../query/totals/input.ts';
import { nsToMs } from '../../runtime/time.ts';
import type { Reader } from '../../store/store.ts';

export async function windowNotices(
  store: Reader,
  request: SharedInput,
  nowNanos: bigint,
  signal: AbortSignal,
): Promise<string[]> {
  const window = requestWindow(request, nowNanos);
  const note = await coverageWithin(store, window, nsToMs(nowNanos), signal);
  if (note?.collected) return note.complete ? [] : [note.text];
  // Imported flows have no ledger.
  const empty = (await storedSlots(store, signal)) === undefined;
  return empty ? ['nothing has been collected yet'] : [];
}
