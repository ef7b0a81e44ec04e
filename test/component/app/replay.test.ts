// `parallax replay` on a real Kafka: a range of time, what the store lost, what it still has, and a replay cut short.

import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { parallaxConfig } from '../../../src/app/config.ts';
import { runReplay } from '../../../src/app/replay.ts';
import { FlowBatchBuilder } from '../../../src/hubble/proto/batch.ts';
import { encode } from '../../../src/hubble/proto/codec.ts';
import { GetFlowsResponse } from '../../../src/hubble/proto/schema.gen.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { msToNs } from '../../../src/runtime/time.ts';
import { describeWithKafka } from '../../engines/kafka/describe.ts';
import { type KafkaEngine, startKafka } from '../../engines/kafka.ts';
import { numberOf, openStore } from '../../engines/stores.ts';
import { kafkaSettings, makeBus, never, startedPublisher } from '../../support/bus/harness.ts';

const FLOWS = 20;
const RECORDS = 6;

describeWithKafka('replay', () => {
  const directory = mkdtempSync(join(tmpdir(), 'parallax-replay-'));
  const chdb = { path: join(directory, 'data') };
  let engine: KafkaEngine;
  let settings: ReturnType<typeof kafkaSettings>;
  let middle = 0;
  let made = 0;

  function batch(sequence: number): Buffer {
    const builder = new FlowBatchBuilder();
    for (let i = 0; i < FLOWS; i++) {
      const uuid = `00000000-0000-4000-8000-${String(made++).padStart(12, '0')}`;
      const source = { identity: 1000 + (made % 5), labels: [`k8s:app=a${made % 5}`] };
      const time = { seconds: BigInt(Math.floor(Date.now() / 1000)), nanos: made };
      builder.add(encode(GetFlowsResponse, { flow: { uuid, time, source, node_name: 'a/n' } }));
    }
    const header = { cluster: 'a', relay: 'a', collector: 'c', sequence, replay: false };
    return builder.seal({ ...header, receivedAt: msToNs(Date.now()) });
  }

  beforeAll(async () => {
    engine = await startKafka();
    settings = kafkaSettings(engine.brokers);
    const { bus } = makeBus(settings);
    await bus.start(never);
    const publisher = await startedPublisher(bus);
    const wave = async () => {
      for (let i = 0; i < RECORDS / 2; i++)
        await publisher.publish({ key: `key-${i}`, value: batch(i) });
    };
    await wave();
    await sleep(50);
    middle = Date.now();
    await sleep(50);
    await wave();
    await publisher.stop(never);
    await bus.stop(never);
  });
  afterAll(async () => {
    await engine.stop();
    rmSync(directory, { recursive: true, force: true });
  });
  beforeEach(async () => {
    await inStore(async (store) => {
      for (const table of ['flows', 'identities']) await store.command(`TRUNCATE TABLE ${table}`);
    });
  });

  async function inStore<T>(
    work: (store: Awaited<ReturnType<typeof openStore>>['store']) => Promise<T>,
  ) {
    const { store, stop } = await openStore({ chdb });
    try {
      return await work(store);
    } finally {
      await stop();
    }
  }

  async function replay(
    range: { fromMs?: number; toMs?: number } = {},
    leaveAfter = Number.POSITIVE_INFINITY,
  ) {
    const signals = new EventEmitter();
    let text = '';
    const logger = pino({ level: 'silent' });
    const config = parallaxConfig.parse({ bus: settings, store: { kind: 'chdb', chdb } });
    const registry = new Registry();
    const watch = setInterval(async () => {
      const found = /^parallax_writer_records_total\{.*\} (\d+)$/m.exec(await registry.metrics());
      if (Number(found?.[1] ?? 0) >= leaveAfter) signals.emit('SIGTERM');
    }, 1);
    const code = await runReplay(
      config,
      {
        logger,
        registry,
        clock: systemClock,
        signals: signals as never,
        version: 'test',
        stdout: { write: (part: string) => (text += part) } as never,
      },
      { fromMs: 0, toMs: Date.now() + 1000, ...range },
    ).finally(() => clearInterval(watch));
    const count = (name: string) => Number(new RegExp(`^${name} +(\\d+)$`, 'm').exec(text)?.[1]);
    return { code, stored: count('flows stored'), there: count('already there'), text };
  }

  const stored = () =>
    inStore(async (store) => [
      await numberOf(store, 'SELECT count() FROM flows'),
      await numberOf(store, 'SELECT uniqExact(uuid) FROM flows'),
      await numberOf(store, 'SELECT uniqExact(identity) FROM identities'),
    ]);

  test('stores what is not there, once, and again when it was lost', async () => {
    const all = RECORDS * FLOWS;
    expect(await replay()).toMatchObject({ code: 0, stored: all, there: 0 });
    expect(await stored()).toEqual([all, all, 5]);
    expect(await replay()).toMatchObject({ code: 0, stored: 0, there: all });
    expect(await stored()).toEqual([all, all, 5]);
    // The engine still knows the tokens of what is lost.
    await inStore((store) => store.command('TRUNCATE TABLE flows'));
    expect(await replay()).toMatchObject({ stored: all, there: 0 });
    expect(await stored()).toEqual([all, all, 5]);
    // They were counted the first time.
    const sum = 'SELECT sum(flows) FROM flow_totals';
    expect(await inStore((store) => numberOf(store, sum))).toBe(all);
  });

  test('takes what Kafka took within the range', async () => {
    const half = (RECORDS / 2) * FLOWS;
    expect(await replay({ toMs: middle })).toMatchObject({ stored: half });
    expect(await replay({ fromMs: middle })).toMatchObject({ stored: half, there: 0 });
    expect(await replay({ fromMs: Date.now() + 500 })).toMatchObject({ stored: 0, there: 0 });
  });

  test('cut short and run again, it stores the rest', async () => {
    const cut = await replay({}, 2);
    expect(cut.code).toBe(143);
    expect(cut.stored).toBeGreaterThan(0);
    expect(cut.stored).toBeLessThan(RECORDS * FLOWS);
    expect(await replay()).toMatchObject({ code: 0, there: cut.stored });
    expect(await stored()).toEqual([RECORDS * FLOWS, RECORDS * FLOWS, 5]);
  });
});
