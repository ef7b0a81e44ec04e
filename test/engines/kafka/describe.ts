// `describe` for tests that need a real Kafka: loudly skipped where there is none, a failure in CI.
import { describe } from 'vitest';
import { kafkaAvailable } from '../kafka.ts';

const available = await kafkaAvailable();
if (!available.ok) {
  const message = `NO KAFKA, TESTS AGAINST IT DO NOT RUN: ${available.reason}`;
  if (process.env.CI === 'true') throw new Error(message);
  console.warn(`\n*** ${message} ***\n`);
}

export const describeWithKafka = describe.skipIf(!available.ok);
