// Looks at the engine's parts now and then, for the metrics.
import { ParallaxError } from '../../runtime/errors.ts';
import type { EngineStoreDeps } from './engine-store.ts';

const SQL = `SELECT table, count(), sum(rows), sum(bytes_on_disk),
    (SELECT count() FROM system.merges WHERE database = {database:String})
  FROM system.parts WHERE active AND database = {database:String} GROUP BY table`;

/** Starts looking; the function returned ends it. */
export function watchStats(deps: EngineStoreDeps): () => Promise<void> {
  const { engine, clock, config, logger, metrics } = deps;
  const ended = new AbortController();
  const look = async () => {
    for await (const row of engine.query(SQL, { database: engine.database }, ended.signal)) {
      const table = String(row[0]);
      metrics.parts.set({ table }, Number(row[1]));
      metrics.rows.set({ table }, Number(row[2]));
      metrics.diskBytes.set({ table }, Number(row[3]));
      metrics.merges.set(Number(row[4]));
    }
  };
  const run = async () => {
    for (;;) {
      await clock.sleep(config.statsInterval, ended.signal);
      if (ended.signal.aborted) return;
      try {
        await look();
      } catch (error) {
        if (ended.signal.aborted) return;
        const code = error instanceof ParallaxError ? error.code : 'unknown';
        metrics.errors.inc({ operation: 'stats', code });
        logger.debug({ err: error }, 'parts not readable');
      }
    }
  };
  const running = run();
  return () => {
    ended.abort();
    return running;
  };
}
