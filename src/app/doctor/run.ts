// `parallax doctor`: checks relays, certificates, Kafka and the store concurrently, and reports problems with evidence and
// cure. It changes nothing.
import { existsSync } from 'node:fs';
import { type Finding, inOrder } from '../../query/doctor/finding.ts';
import { storeFindings } from '../../query/doctor/store.ts';
import { inputError } from '../../runtime/errors.ts';
import { readLock } from '../../store/engine/lock.ts';
import { createStore } from '../../store/open.ts';
import type { ParallaxConfig } from '../config.ts';
import type { RoleDeps } from '../role.ts';
import { busFindings } from './bus.ts';
import { certificateFindings } from './certificates.ts';
import { relayFindings } from './relays.ts';
import { type AskServer, fetchFindings } from './server.ts';
import { settingsFindings } from './settings.ts';

export interface DoctorOptions {
  /** Base URL of a Parallax server that checks the store. */
  readonly server: string | undefined;
  /** Requests a document of that server, or of the one that has the data directory open. */
  readonly ask: AskServer;
  /** How far back stored rows are checked, in milliseconds. */
  readonly window: number;
  /** Milliseconds between the two reads of a relay's counters. */
  readonly between: number;
}

const CLOSE_MS = 5000;

/** All findings, most severe first. */
export async function examine(
  config: ParallaxConfig,
  deps: Pick<RoleDeps, 'logger' | 'registry' | 'clock'>,
  options: DoctorOptions,
  signal: AbortSignal,
): Promise<Finding[]> {
  const { clusters, collector } = config;
  const { clock } = deps;
  const findings = await Promise.all([
    [...settingsFindings(clusters)],
    relayFindings(clusters, { collector, clock, between: options.between }, signal),
    certificateFindings(clusters, clock),
    busFindings(config.bus, config.writer.group, deps),
    storeSide(config, deps, options, signal),
  ]);
  return inOrder(findings.flat());
}

async function storeSide(
  config: ParallaxConfig,
  deps: Pick<RoleDeps, 'logger' | 'registry' | 'clock'>,
  options: DoctorOptions,
  signal: AbortSignal,
): Promise<Finding[]> {
  try {
    const server = options.server ?? (await serverOf(config));
    if (server !== undefined) {
      const { ask, window } = options;
      return await fetchFindings(ask, server, window, signal);
    }
    return await openAndLook(config, deps, options, signal);
  } catch (error) {
    signal.throwIfAborted();
    return [
      {
        check: 'store-answers',
        severity: 'problem',
        what: 'the store does not answer',
        evidence: error instanceof Error ? error.message : String(error),
        cure: 'the message names the cause; nothing is stored or answered until it is fixed',
      },
    ];
  }
}

/** The server that has the data directory open, when there is one. */
async function serverOf({ store }: ParallaxConfig): Promise<string | undefined> {
  if (store.kind !== 'chdb') return undefined;
  const { path } = store.chdb;
  if (!existsSync(path))
    throw inputError(
      `there is no data directory ${path}; name one with --data-dir, a server with --server, or a configuration with --config`,
    );
  return (await readLock(path))?.api;
}

async function openAndLook(
  config: ParallaxConfig,
  deps: Pick<RoleDeps, 'logger' | 'registry' | 'clock'>,
  { window }: DoctorOptions,
  signal: AbortSignal,
): Promise<Finding[]> {
  const store = createStore({ ...deps, config: config.store });
  await store.start(signal);
  try {
    const { migrations } = await store.migrate({ dryRun: true });
    if (migrations.length > 0)
      return [
        {
          check: 'store-migrations',
          severity: 'problem',
          what: 'the tables are of another version',
          evidence: migrations.map(({ name }) => name).join(', '),
          cure: 'run `parallax migrate`, or restart the writer, which migrates',
        },
      ];
    const { clusters } = config;
    return await storeFindings(store, { now: deps.clock.now(), window, clusters }, signal);
  } finally {
    await store.stop(AbortSignal.timeout(CLOSE_MS));
  }
}
