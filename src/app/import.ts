// `parallax import`: flows from JSON lines into the store, or to Kafka for a writer. Batches are marked as replay, so stored
// flows are not stored again and an interrupted import can be repeated.
import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import { createBus } from '../bus/open.ts';
import { writerMetrics } from '../enrich/metrics.ts';
import { createProjector } from '../enrich/project/projector.ts';
import { createRecordWriter, importedRecord } from '../enrich/record-writer.ts';
import { createStore } from '../store/open.ts';
import type { ParallaxConfig } from './config.ts';
import { buildEnrichmentSources } from './enrichment-sources.ts';
import { showProgress } from './import/progress.ts';
import { pump, type SealedBatch } from './import/pump.ts';
import { openSource } from './import/source.ts';
import { type ImportSummary, refusedCount, summaryText } from './import/summary.ts';
import { repairTotals } from './repair-totals.ts';
import type { RoleDeps } from './role.ts';

export interface ImportOptions {
  /** A path, or `-` for standard input. */
  readonly file: string;
  readonly stdin: Readable;
  readonly stderr: NodeJS.WriteStream;
  /** Cluster that flows are stored under; empty takes the prefix of each node name. */
  readonly cluster: string;
  readonly maxLineBytes: number;
  /** Exit code 1 when any line was refused. */
  readonly strict: boolean;
}

interface Target {
  readonly store: Parameters<typeof pump>[0]['store'];
  close(): Promise<void>;
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
const SAME_PRESS_MS = 300;

/**
 * Resolves with the exit code: 0; 1 when the input was not read to its end, no line was imported, or lines were refused
 * with `strict`; 130 or 143 after a signal. The summary goes to standard output.
 */
export async function runImport(
  config: ParallaxConfig,
  deps: RoleDeps,
  options: ImportOptions,
): Promise<number> {
  const source = openSource(options.file, options.stdin);
  const leaving = new AbortController();
  let signalExit = 0;
  const onSignal = (code: number) => () => {
    signalExit = code;
    leaving.abort();
    source.close();
    // The second signal ends the process by default, but not at once: npx repeats a Ctrl-C.
    setTimeout(unlisten, SAME_PRESS_MS).unref();
  };
  const listeners = { SIGINT: onSignal(130), SIGTERM: onSignal(143) };
  const unlisten = () => {
    for (const signal of SIGNALS) deps.signals.off(signal, listeners[signal]);
  };
  for (const signal of SIGNALS) deps.signals.on(signal, listeners[signal]);

  const target = await (config.bus.kind === 'kafka' ? openKafka : openStore)(
    config,
    deps,
    leaving.signal,
  );
  const progress = showProgress(source.size, options.stderr);
  let summary: ImportSummary;
  try {
    summary = await pump({
      chunks: source.chunks(),
      cluster: options.cluster,
      collector: randomUUID(),
      maxLine: options.maxLineBytes,
      clock: deps.clock,
      store: target.store,
      signal: leaving.signal,
      onProgress: ({ lines }) => progress.update(source.taken(), lines),
    });
  } finally {
    progress.end();
    await target.close();
    unlisten();
  }
  deps.stdout.write(
    summaryText(summary, source.name, config.bus.kind === 'kafka' ? 'kafka' : 'store'),
  );
  if (signalExit !== 0) return signalExit;
  return exitOf(summary, options.strict);
}

function exitOf(summary: ImportSummary, strict: boolean): number {
  const refused = refusedCount(summary);
  if (summary.ended !== undefined) return 1;
  if (refused > 0 && (strict || summary.accepted === 0)) return 1;
  return 0;
}

async function openStore(
  config: ParallaxConfig,
  deps: RoleDeps,
  signal: AbortSignal,
): Promise<Target> {
  const { logger, registry, clock } = deps;
  const store = createStore({ config: config.store, logger, registry, clock });
  // For dead letters only, which stay in this process.
  const bus = createBus({ ...config.bus, kind: 'memory' }, { logger, registry, clock });
  await store.start(signal);
  await store.migrate();
  await repairTotals(config, deps, store, []);
  const { ends, catalogue } = buildEnrichmentSources(config, deps, store);
  await catalogue.start();
  const write = createRecordWriter({
    config: config.writer,
    bus,
    store,
    projector: createProjector({ ends, derive: config.writer, now: () => clock.now() }),
    catalogue,
    metrics: writerMetrics(registry),
    logger,
    clock,
  });
  const run = randomUUID();
  return {
    store: ({ value, sequence }: SealedBatch) =>
      write(importedRecord(value, sequence, run), signal),
    close: () => store.stop(AbortSignal.timeout(config.shutdownTimeout)),
  };
}

async function openKafka(
  config: ParallaxConfig,
  deps: RoleDeps,
  signal: AbortSignal,
): Promise<Target> {
  const bus = createBus(config.bus, deps);
  const publisher = bus.publisher();
  await bus.start(signal);
  await publisher.start(signal);
  return {
    store: async ({ value }: SealedBatch) => {
      // One key, so that imports follow each other in one partition and see what was stored.
      await publisher.publish({ key: 'import', value });
      return undefined;
    },
    close: async () => {
      const limit = AbortSignal.timeout(config.shutdownTimeout);
      await publisher.stop(limit);
      await bus.stop(limit);
    },
  };
}
