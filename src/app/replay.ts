// `parallax replay`: reads the Kafka records between two times again and stores the flows that the store does not have.
// Stored flows are not changed; a replay can be interrupted and repeated without storing anything twice.
import { readKafkaRange } from '../bus/kafka/range.ts';
import { createBus } from '../bus/open.ts';
import { writerMetrics } from '../enrich/metrics.ts';
import { createProjector } from '../enrich/project/projector.ts';
import { createRecordWriter } from '../enrich/record-writer.ts';
import { createStore } from '../store/open.ts';
import { requireKafka } from './collect.ts';
import type { ParallaxConfig } from './config.ts';
import { buildEnrichmentSources } from './enrichment-sources.ts';
import type { RoleDeps } from './role.ts';

export interface ReplayOptions {
  readonly fromMs: number;
  readonly toMs: number;
}

const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const;

/** Resolves with the exit code; prints a summary to standard output. */
// Long because it wires the steps of one command.
export async function runReplay(
  config: ParallaxConfig,
  deps: RoleDeps,
  range: ReplayOptions,
): Promise<number> {
  requireKafka(config, 'replay');
  const { logger, registry, clock, stdout, signals } = deps;
  const leaving = new AbortController();
  let signalled = 0;
  for (const [signal, code] of Object.entries(SIGNALS)) {
    // Object.entries widens the key.
    signals.on(signal as keyof typeof SIGNALS, () => {
      signalled = code;
      leaving.abort();
    });
  }
  const store = createStore({ config: config.store, logger, registry, clock });
  await store.start(leaving.signal);
  const done = { flows: 0, doubles: 0, events: 0, refused: 0 };
  try {
    await store.migrate();
    const { ends, catalogue } = buildEnrichmentSources(config, deps, store);
    await catalogue.start();
    const write = createRecordWriter({
      config: config.writer,
      // Refused records have been dead letters since they were first read.
      bus: createBus({ ...config.bus, kind: 'memory' }, deps),
      store,
      projector: createProjector({ ends, derive: config.writer, now: () => clock.now() }),
      catalogue,
      replayed: true,
      metrics: writerMetrics(registry),
      logger,
      clock,
    });
    const outcome = await readKafkaRange(
      config.bus.kafka,
      deps,
      // Two records may hold the same flow, and the writer does not look for it in a record that is not stored yet.
      { ...range, behind: config.writer.group },
      async (record) => {
        const { flows, doubles, events, deadLetters } = await write(record, leaving.signal);
        done.flows += flows;
        done.doubles += doubles;
        done.events += events;
        done.refused += deadLetters;
      },
      leaving.signal,
    );
    stdout.write(`records read     ${outcome.records}\n`);
    if (outcome.truncated) stdout.write('some records of that time have expired from the topic\n');
    if (outcome.left > 0) stdout.write(`left to writers  ${outcome.left}\n`);
    if (outcome.unreadable > 0) stdout.write(`unreadable       ${outcome.unreadable}\n`);
    return 0;
  } catch (error) {
    if (signalled !== 0) return signalled;
    throw error;
  } finally {
    const { flows, events, doubles, refused } = done;
    stdout.write(`flows stored     ${flows}\nevents stored    ${events}\n`);
    stdout.write(`already there    ${doubles}\nrefused          ${refused}\n`);
    await store.stop(AbortSignal.timeout(config.shutdownTimeout));
  }
}
