// Input that no reader likes, at every door: from relays, straight on the Kafka topic, in files. Nothing stops, nothing
// else is lost, and each piece is counted, dead-lettered or refused by its line.

import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import kafkajs, { type Message } from 'kafkajs';
import { describe, expect, test } from 'vitest';
import { FlowBatchBuilder } from '../../src/hubble/proto/batch.ts';
import { msToNs } from '../../src/runtime/time.ts';
import { describeWithKafka } from '../engines/kafka/describe.ts';
import { commandOf, objects } from '../support/e2e/command.ts';
import { metric } from '../support/e2e/metrics.ts';
import { scene } from '../support/e2e/scene.ts';

const { CompressionTypes, Kafka, logLevel } = kafkajs;

const GOOD_UUID = '0d6e6b2e-3f61-4a63-9a49-1d0a3f6c7b10';

/** Bytes of a response with a flow of this uuid and no more. */
function response(uuid: string): Buffer {
  const text = Buffer.from(uuid);
  // Flow.uuid is field 34: two bytes of tag.
  const flow = Buffer.concat([Buffer.from([0x92, 0x02, text.length]), text]);
  return Buffer.concat([Buffer.from([0x0a, flow.length]), flow]);
}

function batch(responses: readonly Uint8Array[]): Buffer {
  const builder = new FlowBatchBuilder();
  for (const bytes of responses) builder.add(bytes);
  const receivedAt = msToNs(Date.now());
  const from = { cluster: 'load-1', relay: 'test', collector: 'test', sequence: 0 };
  return builder.seal({ ...from, receivedAt, replay: false });
}

describe('from relays', () => {
  const all = scene({ kafka: false });

  test('cut short, from the future, no UTF-8, 8 MiB and 100 MiB', async () => {
    const letters = 'letters.jsonl';
    const pipeline = await all.pipeline({
      config: { bus: { memory: { maxBytes: '256MiB', deadLetterFile: letters } } },
    });
    await pipeline.start();
    const forms = ['truncated', 'unknown', 'utf8', 'huge:8MiB', 'huge:100MiB'];
    const faults = forms.map((form, i) => `malformed:${form}@${(i + 1) * 700}ms`);
    const relays = await pipeline.load({ seed: 9, rate: 1500, count: 9000, faults });
    await relays.made(1, 60_000);
    await pipeline.collected();
    const url = pipeline.collector.url;
    expect(
      await metric(url, 'parallax_ingest_responses_refused_total', { reason: 'oversize' }),
    ).toBe(2);
    const dead = () => metric(url, 'parallax_writer_dead_letters_total');
    // Collected is not yet written.
    await pipeline.collector.child.until('the dead letters', 60_000, async () => {
      return ((await dead()) ?? 0) >= 2;
    });
    expect(await dead()).toBe(2);
    const found = await pipeline.prove();
    // Of the odd ones all but the cut and the largest are flows: three of each relay.
    expect(found.stored).toBe(found.sent + 6);
    expect(pipeline.collector.lives).toBe(1);
    const answer = await commandOf(all.program, pipeline.directory)(
      'observe',
      ...[...['--data-dir', pipeline.dataDir, '-o', 'jsonpb', '--all']],
    );
    expect(answer.code).toBe(0);
    expect(answer.stdout.match(/with fields of the future/g)).toHaveLength(2);
  });
});

describeWithKafka('straight on the topic', () => {
  const split = scene({ kafka: true });

  test('what is no batch, or a batch with poison in it, goes to the dead letters; the rest is stored', async () => {
    const pipeline = await split.pipeline();
    await pipeline.start();
    const relays = await pipeline.load({ seed: 10, rate: 1500, count: 6000 });
    await relays.made(0.1, 60_000);

    const good = batch([response(GOOD_UUID)]);
    const cut = response('6b0a3f61-4a63-4a49-9d0a-3f6c7b100d6e').subarray(0, 20);
    const bad: Message[] = [
      { value: '{"flow":{"verdict":"DROPPED"}}' },
      { value: '' },
      { value: null },
      { value: Buffer.alloc(1 << 20, 0xff) },
      { value: Buffer.alloc(6 << 20, 0x7a) },
      { value: good.subarray(0, good.length - 5) },
      { value: good, headers: { 'parallax-encoding': 'zstd' } },
      { value: good, headers: { 'parallax-encoding': 'no-such-thing' } },
    ];
    const poisoned: Message = { value: batch([response(GOOD_UUID), cut, Buffer.alloc(0)]) };
    const kafka = new Kafka({ brokers: split.kafka.brokers, logLevel: logLevel.NOTHING });
    const producer = kafka.producer();
    await producer.connect();
    for (const message of bad) {
      await producer.send({ topic: pipeline.topic, messages: [{ key: 'load-1', ...message }] });
    }
    const compression = CompressionTypes.GZIP;
    await producer.send({ topic: pipeline.topic, messages: [poisoned], compression });
    await producer.disconnect();

    await relays.made(1, 60_000);
    await pipeline.collected();
    await pipeline.committed();
    // No value and an empty one are an empty batch, which is one; of the poisoned batch one response is cut.
    expect(await pipeline.deadLetters()).toBe(bad.length - 2 + 1);
    const [writer] = pipeline.writers;
    expect(writer?.lives).toBe(1);
    const url = writer?.url ?? '';
    expect(await metric(url, 'parallax_writer_dead_letters_total', { reason: 'truncated' })).toBe(
      1,
    );
    const found = await pipeline.verify();
    expect(found.missing).toEqual([]);
    expect(found.doubled).toEqual([]);
    expect(found.foreign).toHaveLength(1);
    expect(found.foreign[0]).toBe(
      Buffer.from(GOOD_UUID.replaceAll('-', ''), 'hex').toString('latin1'),
    );
  });
});

describe('in files', () => {
  const all = scene({ kafka: false });
  const flow = (number: number, time: string) =>
    `{"flow":{"time":"${time}","uuid":"00000000-0000-4000-8000-00000000000${number}","verdict":"FORWARDED","node_name":"made/node"},"node_name":"made/node","time":"${time}"}`;

  test('each line that is no flow is refused by its number, each that is one is stored', async () => {
    const { directory, dataDir } = await all.pipeline();
    const file = join(directory, 'bad.jsonl');
    const lines: (string | Buffer)[] = [
      flow(1, '1970-01-01T00:00:00.000000001Z'),
      '{"flow":{"time":',
      Buffer.concat([
        Buffer.from('{"flow":{"Summary":"'),
        Buffer.from([0xff, 0xfe]),
        Buffer.from('"}}'),
      ]),
      '{"flow":{"Summary":"\u0000"}}',
      '[1,2,3]',
      '{"flow":{"verdict":{"not":"a verdict"}}}',
      '',
      flow(2, '2200-01-01T00:00:00Z'),
      'not JSON at all',
      flow(3, '2026-06-11T18:00:00.123Z'),
    ];
    await writeFile(
      file,
      Buffer.concat(lines.flatMap((line) => [Buffer.from(line), Buffer.from('\n')])),
    );
    // Then a line of 100 MiB, and a last one without its end.
    const handle = await open(file, 'a');
    await handle.write('{"flow":{"Summary":"');
    for (let i = 0; i < 100; i++) await handle.write(Buffer.alloc(1 << 20, 'x'));
    await handle.write(`"}}\n${flow(4, '2026-06-11T18:00:01Z')}`);
    await handle.close();

    const parallax = commandOf(all.program, directory);
    const imported = await parallax('import', file, '--data-dir', dataDir);
    expect(imported.code).toBe(0);
    expect(imported.stdout).toMatch(/flows stored\s+4\n/);
    expect(imported.stdout).toMatch(/refused\s+7\n/);
    for (const line of [2, 3, 4, 5, 6, 9, 11]) {
      expect(imported.stdout).toMatch(new RegExp(`line ${line}[,:]`));
    }
    const strict = await parallax('import', file, '--data-dir', dataDir, '--strict');
    expect(strict.code).toBe(1);
    expect(strict.stdout).toMatch(/flows stored\s+0\n/);
    expect(strict.stdout).toMatch(/already there\s+4\n/);

    const back = await parallax('observe', '--all', '-o', 'jsonpb', '--data-dir', dataDir);
    const times = objects(back.stdout).map((each) => (each as { time: string }).time);
    expect(times).toEqual([
      '1970-01-01T00:00:00.000000001Z',
      '2026-06-11T18:00:00.123Z',
      '2026-06-11T18:00:01Z',
      '2200-01-01T00:00:00Z',
    ]);
    const last = await parallax(
      'observe',
      ...['--last', '1', '-o', 'jsonpb', '--data-dir', dataDir],
    );
    expect(last.stdout).toContain('2200-01-01T00:00:00Z');
  });
});
