// Dead letters go to a topic beside the flows', with the reason in headers, so that they can be looked at and played
// again by hand.
import { ParallaxError } from '../../runtime/errors.ts';
import type { BusRecord, DeadLetter } from '../bus.ts';
import type { BusMetrics } from '../metrics.ts';
import { ENCODING_HEADER } from '../values/value-codec.ts';
import type { KafkaPublisher } from './publisher.ts';

/** The dead letter is compressed again: the encoding header of the record does not apply to it. */
function original({ [ENCODING_HEADER]: encoding, ...headers }: BusRecord['headers']) {
  return encoding === undefined ? headers : { ...headers, 'parallax-original-encoding': encoding };
}

/** A detail is a sentence, not a dump. */
const DETAIL_LENGTH = 500;

export async function publishDeadLetter(
  letter: DeadLetter,
  publisher: KafkaPublisher,
  metrics: BusMetrics,
  maxBytes: number,
): Promise<void> {
  const { record, value } = letter;
  metrics.deadLetters.inc({ reason: letter.reason });
  const headers = {
    ...(value === record.value && original(record.headers)),
    'parallax-reason': letter.reason,
    'parallax-detail': letter.detail.slice(0, DETAIL_LENGTH),
    'parallax-topic': record.topic,
    'parallax-partition': String(record.partition),
    'parallax-offset': String(record.offset),
    'parallax-time': new Date(record.timestampMs).toISOString(),
  };
  try {
    await publisher.publish({ key: record.key, value, headers });
  } catch (error) {
    if (!(error instanceof ParallaxError) || error.code !== 'bus/too-large') throw error;
    // Better its head than nothing: refusing the letter would stop the consumer on this record for good.
    const head = value.subarray(0, Math.floor(maxBytes / 2));
    const cut = { ...headers, 'parallax-cut-from': String(value.length) };
    await publisher.publish({ key: record.key, value: head, headers: cut });
  }
}
