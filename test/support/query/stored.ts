// A store with a corpus in it, in a directory of its own.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { Registry } from 'prom-client';
import { createProjector } from '../../../src/enrich/project/projector.ts';
import { decodeFlowBatch, FlowBatchBuilder } from '../../../src/hubble/proto/batch.ts';
import { encode } from '../../../src/hubble/proto/codec.ts';
import { GetFlowsResponse } from '../../../src/hubble/proto/schema.gen.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { msToNs } from '../../../src/runtime/time.ts';
import { storeConfig } from '../../../src/store/config.ts';
import type { ManagedStore } from '../../../src/store/engine/engine-store.ts';
import { createStore } from '../../../src/store/open.ts';

export interface StoredCorpus {
  readonly store: ManagedStore;
  readonly directory: string;
  /** Under the cluster `test`, as received now, unless `header` says otherwise. */
  insert(responses: readonly GetFlowsResponse[], header?: StoredHeader): Promise<void>;
  close(): Promise<void>;
}

export interface StoredHeader {
  readonly cluster?: string;
  /** Nanoseconds since 1970. */
  readonly receivedAt?: bigint;
}

const BATCH = 500;

export async function storedCorpus(): Promise<StoredCorpus> {
  const directory = mkdtempSync(join(tmpdir(), 'parallax-query-'));
  const store = createStore({
    config: storeConfig.parse({ retention: '0d', chdb: { path: join(directory, 'data') } }),
    logger: pino({ level: 'silent' }),
    registry: new Registry(),
    clock: systemClock,
  });
  await store.start(new AbortController().signal);
  await store.migrate();
  const projector = createProjector();
  let sequence = 0;
  return {
    store,
    directory: join(directory, 'data'),
    async insert(responses, header = {}) {
      for (let from = 0; from < responses.length; from += BATCH) {
        const builder = new FlowBatchBuilder();
        for (const response of responses.slice(from, from + BATCH))
          builder.add(encode(GetFlowsResponse, response));
        const sealed = builder.seal({
          cluster: 'test',
          relay: 'test',
          collector: 'test',
          sequence,
          receivedAt: msToNs(Date.now()),
          replay: false,
          ...header,
        });
        const { derived, flows, events } = projector.project(decodeFlowBatch(sealed));
        const token = `test:0:${sequence++}`;
        for (const block of derived.blocks) await store.insert(block, { token });
        if (flows !== undefined) await store.insert(flows, { token });
        if (events !== undefined) await store.insert(events, { token: `${token}:events` });
      }
    },
    async close() {
      await store.stop(AbortSignal.timeout(10_000));
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
