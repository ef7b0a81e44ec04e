// Two simulated clusters for `parallax up --demo`, with relays that serve gRPC on loopback.
import { type ClusterConfig, clusterConfig } from '../ingest/config.ts';
import type { Component } from '../runtime/component.ts';
import type { RoleDeps } from './role.ts';

export interface Demo extends Component {
  /** The simulated clusters, once started. */
  clusters(): readonly ClusterConfig[];
}

/** The simulator is loaded for the demo only. */
export async function createDemo(deps: RoleDeps): Promise<Demo> {
  const { createSimulation } = await import('../simulate/simulation.ts');
  const { simulateSchema } = await import('../simulate/config.ts');
  const logger = deps.logger.child({ component: 'demo' }, { level: 'warn' });
  const simulation = createSimulation(simulateSchema.parse({ scenario: 'story' }), {
    logger,
    clock: deps.clock,
  });
  return Object.assign(simulation, {
    name: 'demo',
    clusters: () =>
      simulation.addresses.map(({ name, address }) =>
        clusterConfig.parse({ name, relay: address }),
      ),
  });
}
