// What the collector's own work costs a flow, network left out: chunks of 16 KiB from memory are cut, looked at and
// batched; sealed batches are dropped. Steady: times go on, as a live stream's do.
//   node --import tsx test/bench/ingest/intake.ts [--flows N]

import { parseArgs } from 'node:util';
import { Registry } from 'prom-client';
import { Intake } from '../../../src/ingest/batch/intake.ts';
import { ResponsePeek } from '../../../src/ingest/batch/peek.ts';
import { Sealer } from '../../../src/ingest/batch/sealer.ts';
import { ResponseTracker } from '../../../src/ingest/batch/tracker.ts';
import { ingestMetrics } from '../../../src/ingest/metrics.ts';
import { type MessageSink, MessageSplitter } from '../../../src/ingest/relay/framing.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { msToNs } from '../../../src/runtime/time.ts';
import { flowResponse, framed } from '../../support/ingest/responses.ts';

const { values } = parseArgs({ options: { flows: { type: 'string', default: '1000000' } } });
const total = Number(values.flows);
const PREPARED = 50_000;
const CHUNK = 16_384;

const startMs = Date.now();
const messages = Array.from({ length: PREPARED }, (_, i) =>
  framed(
    flowResponse({
      timeNs: msToNs(startMs) + BigInt(i) * 10_007n,
      node: `east/node-${(i >> 3) % 8}`,
      uuid: `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`,
      pad: 795,
    }),
  ),
);
const all = Buffer.concat(messages);

function feed(name: string, make: () => MessageSink): void {
  const before = process.cpuUsage();
  for (let done = 0; done < total; done += PREPARED) {
    // Anew, or the same times would come again and again.
    const splitter = new MessageSplitter(make(), 1 << 25);
    for (let at = 0; at < all.length; at += CHUNK) {
      // A copy, as the sink writes over what it is given.
      splitter.push(Buffer.from(all.subarray(at, at + CHUNK)));
    }
  }
  const { user, system } = process.cpuUsage(before);
  console.log(`${name.padEnd(24)} ${((user + system) / total).toFixed(3)} µs a flow`);
}

const peek = new ResponsePeek();
const sealer = new Sealer({
  cluster: 'east',
  relay: 'bench',
  collector: 'bench',
  maxCount: 20_000,
  maxBytes: 16 << 20,
  maxAgeMs: 1000,
  emit: ({ release }) => release(),
  nodeName: () => '',
});
function intake(): Intake {
  const tracker = new ResponseTracker({
    startMs: startMs - 60_000,
    overlapMs: -30_000,
    lookbackMs: 0,
    maxNodes: 4096,
  });
  return new Intake({
    cluster: 'east',
    clock: systemClock,
    tracker,
    sealer,
    metrics: ingestMetrics(new Registry()),
    onData: () => undefined,
    oversize: () => undefined,
  });
}

const none = () => undefined;
const nothing = { arrived: none, oversize: none, flush: none };
const options = { startMs, overlapMs: -30_000, lookbackMs: 0, maxNodes: 4096 };
for (let round = 0; round < 3; round++) {
  feed('split', () => ({ ...nothing, message: () => undefined }));
  feed('split, peek', () => ({
    ...nothing,
    message: (bytes, start, end) => void peek.read(bytes, start, end),
  }));
  feed('split, peek, history', () => {
    const tracker = new ResponseTracker(options);
    const now = tracker.at(startMs);
    return {
      ...nothing,
      message: (bytes, start, end) => void tracker.take(bytes, start, end, now),
    };
  });
  feed('all: batched and sealed', intake);
}
