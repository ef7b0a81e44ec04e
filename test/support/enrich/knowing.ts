// A store with a writer's knowledge over it: flows go in the way the writer puts them in.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { parallaxConfig } from '../../../src/app/config.ts';
import {
  buildEnrichmentSources,
  type EnrichmentSources,
} from '../../../src/app/enrichment-sources.ts';
import { createProjector, type Projector } from '../../../src/enrich/project/projector.ts';
import { encode } from '../../../src/hubble/proto/codec.ts';
import { GetFlowsResponse } from '../../../src/hubble/proto/schema.gen.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import type { Store } from '../../../src/store/store.ts';
import { openStore } from '../../engines/stores.ts';
import { batchOf } from './responses.ts';

export interface Knowing {
  readonly store: Store;
  readonly registry: Registry;
  readonly knowledge: EnrichmentSources;
  put(responses: readonly GetFlowsResponse[], cluster: string): Promise<void>;
}

/** One writer on a store; several may share it. */
export function knowing(store: Store, clusters: readonly object[] = [], writer = {}): Knowing {
  const registry = new Registry();
  const logger = pino({ level: 'silent' });
  const config = parallaxConfig.parse({ clusters, writer });
  const knowledge = buildEnrichmentSources(config, { logger, registry, clock: systemClock }, store);
  const { ends, catalogue } = knowledge;
  const projector: Projector = createProjector({ ends });
  let sequence = 0;
  return {
    store,
    registry,
    knowledge,
    async put(responses, cluster) {
      const batch = batchOf(
        responses.map((response) => encode(GetFlowsResponse, response)),
        { cluster },
      );
      const { flows, observations, nodes } = projector.project(batch);
      if (flows) await store.insert(flows, { token: `${cluster}:${Math.random()}:${sequence++}` });
      await catalogue.write(catalogue.take(observations, nodes));
    },
  };
}

/** A store of its own, and how to be rid of it. */
export async function emptyStore() {
  const directory = mkdtempSync(join(tmpdir(), 'parallax-catalogue-'));
  const { store, stop } = await openStore({
    retention: '0d',
    chdb: { path: join(directory, 'data') },
  });
  return {
    store,
    close: async () => {
      await stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
