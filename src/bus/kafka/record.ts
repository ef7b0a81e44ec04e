// What kafkajs hands out, as a record of the bus.
import type { KafkaMessage } from 'kafkajs';
import type { BusRecord } from '../bus.ts';

const EMPTY = Buffer.alloc(0);

export function toRecord(topic: string, partition: number, message: KafkaMessage): BusRecord {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(message.headers ?? {})) {
    const first = Array.isArray(value) ? value[0] : value;
    if (first !== undefined) headers[name] = first.toString();
  }
  return {
    topic,
    partition,
    offset: BigInt(message.offset),
    key: message.key?.toString() ?? '',
    value: message.value ?? EMPTY,
    headers,
    timestampMs: Number(message.timestamp),
  };
}
