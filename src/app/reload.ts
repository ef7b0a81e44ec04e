// Applies changes of the configured clusters while a role runs: on SIGHUP, and when the file changes. A configuration with
// any problem is refused as a whole.
import { readFile } from 'node:fs/promises';
import type { Logger } from 'pino';
import { Counter, Gauge, type Registry } from 'prom-client';
import type { ClusterConfig } from '../ingest/config.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Component } from '../runtime/component.ts';
import { ParallaxError } from '../runtime/errors.ts';
import type { ParallaxConfig } from './config.ts';
import type { ConfigReload } from './role.ts';

export interface ReloaderDeps {
  readonly reload: ConfigReload;
  /** The current configuration. */
  readonly config: ParallaxConfig;
  /** Applies the clusters; resolves with fields for the log. */
  readonly apply: (clusters: readonly ClusterConfig[]) => Promise<object>;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly clock: Clock;
}

// Long because its functions share the state of one reloader.
export function createReloader(deps: ReloaderDeps): Component {
  const { reload, apply, logger, clock, registry } = deps;
  const reloads = new Counter({
    name: 'parallax_config_reloads_total',
    help: 'Reloads of the configuration by outcome: applied, unchanged or refused.',
    labelNames: ['outcome'],
    registers: [registry],
  });
  const refused = new Gauge({
    name: 'parallax_config_reload_refused',
    help: '1 while the last read configuration is refused.',
    registers: [registry],
  });
  const over = new AbortController();
  let current = deps.config;
  let content: string | undefined;
  let problem: string | undefined;
  let running: Promise<unknown> = Promise.resolve();
  let work: Promise<void> = Promise.resolve();
  let release: (() => void) | undefined;

  async function readAgain(cause: string): Promise<void> {
    let next: ParallaxConfig;
    try {
      next = await reload.load();
      // A file that is being written is empty for a moment.
      if (next.clusters.length === 0 && current.clusters.length > 0)
        throw new ParallaxError(
          'config/invalid',
          'clusters is empty: name at least one, or stop the process',
        );
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
      reloads.inc({ outcome: 'refused' });
      refused.set(1);
      logger.error({ err: error, cause }, 'configuration refused');
      return;
    }
    problem = undefined;
    refused.set(0);
    if (same(next, current)) {
      reloads.inc({ outcome: 'unchanged' });
      logger.info({ cause }, 'configuration unchanged');
      return;
    }
    const others = (Object.keys(next) as (keyof ParallaxConfig)[]) // parsed by its schema
      .filter((key) => key !== 'clusters' && !same(next[key], current[key]));
    if (others.length > 0) logger.warn({ sections: others }, 'configuration change needs restart');
    const did = await apply(next.clusters);
    current = { ...current, clusters: next.clusters };
    reloads.inc({ outcome: 'applied' });
    logger.info({ cause, ...did }, 'clusters changed');
  }

  const queue = (cause: string) => {
    work = work
      .then(() => readAgain(cause))
      .catch((error: unknown) => {
        logger.error({ err: error }, 'clusters not changed');
      });
    return work;
  };

  async function watch(file: string): Promise<void> {
    const everyMs = current.collector.configWatch;
    // Compares content: file system events miss the symlinks of Kubernetes and files replaced by editors.
    while (everyMs > 0 && !over.signal.aborted) {
      await clock.sleep(everyMs, over.signal);
      if (over.signal.aborted) return;
      const now = await text(file);
      // Missing while it is replaced, or removed: the clusters stay.
      if (now === undefined || now === content) continue;
      content = now;
      await queue('file');
    }
  }

  return {
    name: 'reload',
    async start() {
      release = reload.onHangup(() => void queue('SIGHUP'));
      if (reload.file === undefined) return;
      content = await text(reload.file);
      running = watch(reload.file);
    },
    async stop() {
      release?.();
      over.abort();
      await running;
      await work;
    },
    health: () =>
      problem === undefined
        ? { state: 'ok' }
        : { state: 'degraded', reason: `configuration refused: ${problem}` },
  };
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

async function text(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch {
    return undefined;
  }
}
