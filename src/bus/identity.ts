// The identity of a record: a header that stays the same when a publisher has to send the record again, so that the
// store recognizes a duplicate (another offset, the same batch).
import { randomBytes } from 'node:crypto';
import type { BusRecord } from './bus.ts';

export const ID_HEADER = 'parallax-id';

/** Names records `<random>:<n>`; `n` counts from 0 and grows in the order of publishing. */
export function recordIds(): () => string {
  const life = randomBytes(9).toString('base64url');
  let next = 0;
  return () => `${life}:${next++}`;
}

/** The headers with an id, unless they bring one. */
export function withId(
  headers: Readonly<Record<string, string>> | undefined,
  nextId: () => string,
): Readonly<Record<string, string>> {
  if (headers?.[ID_HEADER] !== undefined) return headers;
  return { ...headers, [ID_HEADER]: nextId() };
}

/**
 * The token under which the store keeps a record once. It survives both kinds of repetition: redelivery (same offset)
 * and a batch sent again after a failed send (new offset, same id). Foreign records fall back to their position.
 */
export function recordToken(
  record: Pick<BusRecord, 'topic' | 'partition' | 'offset' | 'headers'>,
): string {
  return record.headers[ID_HEADER] ?? `${record.topic}:${record.partition}:${record.offset}`;
}
