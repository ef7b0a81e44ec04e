// Builds a simulation from its options: relays, scenarios that fill them, scheduled faults, ledger.
import { readFileSync } from 'node:fs';
import type { Logger } from 'pino';
import type { Clock } from '../runtime/clock.ts';
import type { Component, Health } from '../runtime/component.ts';
import { inputError } from '../runtime/errors.ts';
import type { SimulateConfig } from './config.ts';
import { type Fault, parseFault, type ScheduledFault } from './fault.ts';
import type { TlsFiles } from './grpc.ts';
import { Player, readRecording } from './jsonl.ts';
import { Ledger } from './ledger.ts';
import { LoadGenerator } from './load.ts';
import { meshClusters, meshScenarios } from './mesh.ts';
import { loadCluster } from './population.ts';
import { SimulatedRelay } from './relay.ts';
import type { Scenario } from './scenario.ts';
import { Story } from './story.ts';
import type { SimulatedCluster } from './topology.ts';
import { EKS, GKE } from './workload.ts';

export interface SimulationDeps {
  readonly logger: Logger;
  readonly clock: Clock;
}

export interface Simulation extends Component {
  readonly relays: readonly SimulatedRelay[];
  /** Name and `host:port` of every relay, once started. */
  readonly addresses: readonly { readonly name: string; readonly address: string }[];
  /** The uuids of all flows, when the options ask for it. */
  readonly ledger: Ledger | undefined;
  /** Resolves when all flows of `count` (or the file) are in a ring. */
  readonly done: Promise<void>;
  /** Flows made so far. */
  made(): number;
  /** Injects a fault now, into one relay or all. */
  fault(fault: Fault, relay?: string): void;
}

/** Nothing runs before `start`. Throws `input/invalid` on options that do not fit together. */
export function createSimulation(config: SimulateConfig, deps: SimulationDeps): Simulation {
  const faults = config.faults.map(parseFault);
  const ledger =
    config.ledger !== undefined || config.keepLedger
      ? new Ledger({ file: config.ledger, limit: config.ledgerLimit })
      : undefined;
  const { relays, scenarios } = buildParts(config, { ...deps, ledger });
  refuseUnknownRelays(faults, relays);
  const timers: NodeJS.Timeout[] = [];
  const fault = (what: Fault, name?: string) => {
    for (const relay of relays) if (name === undefined || relay.name === name) relay.fault(what);
  };
  const report = () => {
    for (const relay of relays) deps.logger.info({ relay: relay.name, ...relay.stats() }, 'relay');
  };
  return {
    name: 'simulation',
    relays,
    ledger,
    done: Promise.all(scenarios.map((scenario) => scenario.done)).then(() => ledger?.flush()),
    get addresses() {
      return relays.map(({ name, address }) => ({ name, address }));
    },
    made: () => scenarios.reduce((sum, scenario) => sum + scenario.made, 0),
    fault,
    async start(signal) {
      for (const relay of relays) await relay.start(signal);
      for (const scenario of scenarios) await scenario.start(signal);
      for (const { fault: what, atMs, everyMs, relay } of faults) {
        if (atMs !== undefined) timers.push(setTimeout(() => fault(what, relay), atMs));
        if (everyMs !== undefined) timers.push(setInterval(() => fault(what, relay), everyMs));
      }
      timers.push(setInterval(report, config.statusEvery));
      if (ledger) timers.push(setInterval(() => ledger.flush(), 100));
    },
    async stop(limit) {
      for (const timer of timers) clearTimeout(timer);
      for (const scenario of scenarios) await scenario.stop(limit);
      await Promise.all(relays.map((relay) => relay.stop(limit)));
      report();
      ledger?.close();
    },
    health(): Health {
      return relays.map((relay) => relay.health()).find(({ state }) => state !== 'ok') ?? OK;
    },
  };
}

const OK: Health = { state: 'ok' };

interface Parts {
  readonly relays: readonly SimulatedRelay[];
  readonly scenarios: readonly Scenario[];
}

// Long because each scenario combines relays and generators in its own way.
function buildParts(
  config: SimulateConfig,
  deps: SimulationDeps & { readonly ledger: Ledger | undefined },
): Parts {
  const { clock, logger } = deps;
  const tls = readTls(config.tls);
  const relayOf = (name: string, nodes: readonly string[], index: number) =>
    new SimulatedRelay(
      {
        name,
        nodes,
        ring: config.ring,
        ...listenAddress(config.listen, index),
        version: config.version,
        namespaces: NAMESPACES[config.scenario],
        tls,
      },
      deps,
    );
  const ofCluster = ({ name, nodes }: SimulatedCluster, index: number) =>
    relayOf(
      name,
      nodes.map((node) => node.name),
      index,
    );
  switch (config.scenario) {
    case 'story': {
      const relays = [EKS, GKE].map(ofCluster);
      return { relays, scenarios: [new Story(relays, config, clock)] };
    }
    case 'load': {
      const clusters = Array.from({ length: config.clusters }, (_, i) =>
        loadCluster(i, config.nodes),
      );
      const relays = clusters.map(ofCluster);
      const scenarios = relays.map((relay, i) => {
        const cluster = clusters[i] as SimulatedCluster; // one relay a cluster
        return new LoadGenerator(cluster, relay, config, clock);
      });
      return { relays, scenarios };
    }
    case 'mesh': {
      const clusters = meshClusters(config.nodes);
      const relays = clusters.map(ofCluster);
      const [east, west] = relays;
      if (east && west) {
        const rings = west.rings;
        west.share(east.rings);
        east.share(rings);
      }
      return {
        relays,
        scenarios: meshScenarios(clusters, relays, { ...config, lateMs: config.late }, clock),
      };
    }
    case 'jsonl': {
      if (config.file === undefined) {
        throw inputError('the scenario jsonl needs a file: give --file FILE');
      }
      const recording = readRecording(config.file);
      const relay = relayOf('jsonl', recording.nodes, 0);
      return {
        relays: [relay],
        scenarios: [new Player(recording, relay, config, { clock, logger })],
      };
    }
    default:
      return config.scenario satisfies never;
  }
}

const NAMESPACES = {
  story: ['farfaraway', 'kube-system', 'monitoring'],
  load: [
    'auth',
    'batch',
    'kafka',
    'kube-system',
    'media',
    'monitoring',
    'payments',
    'search',
    'shop',
  ],
  jsonl: ['default'],
  mesh: ['auth', 'batch', 'kafka', 'kube-system', 'payments', 'shop'],
} as const;

/** The address of relay `index`: its own, or the last one given with the port counted up. */
function listenAddress(listen: readonly string[], index: number): { host: string; port: number } {
  const given = listen[Math.min(index, listen.length - 1)] ?? '127.0.0.1:0';
  const colon = given.lastIndexOf(':');
  const host = given.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  const base = Number(given.slice(colon + 1));
  const port = base === 0 ? 0 : base + Math.max(0, index - listen.length + 1);
  if (port > 65_535) {
    throw inputError(`--listen ${given}: no port for relay ${index + 1}`);
  }
  return { host, port };
}

function readTls(tls: SimulateConfig['tls']): TlsFiles | undefined {
  if (!tls) return undefined;
  const read = (file: string) => {
    try {
      return readFileSync(file);
    } catch (cause) {
      throw inputError(`cannot read ${file}; give a PEM file`, { cause });
    }
  };
  return {
    cert: read(tls.cert),
    key: read(tls.key),
    clientCa: tls.clientCa === undefined ? undefined : read(tls.clientCa),
  };
}

function refuseUnknownRelays(
  faults: readonly ScheduledFault[],
  relays: readonly SimulatedRelay[],
): void {
  for (const { relay } of faults) {
    if (relay === undefined || relays.some(({ name }) => name === relay)) continue;
    const known = relays.map(({ name }) => name).join(', ');
    throw inputError(`--fault names the relay "${relay}"; there are ${known}`);
  }
}
