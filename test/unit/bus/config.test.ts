import { expect, test } from 'vitest';
import { busConfig } from '../../../src/bus/config.ts';

test('everything has a default', () => {
  const config = busConfig.parse({});
  expect(config.kind).toBe('memory');
  expect(config.memory).toEqual({ maxBytes: 64 * 2 ** 20, partitions: 4, deadLetters: 100 });
  expect(config.kafka).toMatchObject({
    brokers: ['127.0.0.1:9092'],
    topic: 'parallax.flows.v1',
    retention: 3 * 86_400_000,
    maxRecordBytes: 24 * 2 ** 20,
    compression: 'zstd',
    tls: { enabled: false },
  });
});

test.each([
  [{ kafka: { brokers: ['kafka'] } }, 'expected HOST:PORT'],
  [{ kafka: { topic: 'flows v1' } }, 'expected letters'],
  [{ kafka: { replicationFactor: 0 } }, 'expected -1 or at least 1'],
  [{ kafka: { heartbeatInterval: '10s' } }, 'at most half of sessionTimeout'],
  [{ kafka: { sasl: { username: 'u' } } }, 'exactly one of password and passwordFile'],
  [{ kafka: { sasl: { username: 'u', password: 'p', passwordFile: 'f' } } }, 'exactly one'],
  [{ kafka: { tls: { certFile: 'c' } } }, 'go together'],
  [{ kafka: { brokrs: [] } }, 'brokrs'],
])('%j is refused', (settings, problem) => {
  const { success, error } = busConfig.safeParse(settings);
  expect(success).toBe(false);
  expect(error?.message).toContain(problem);
});
