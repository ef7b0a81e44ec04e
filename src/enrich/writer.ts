// The writer: takes records off the bus and stores each (record-writer.ts).
import type { Consumer } from '../bus/bus.ts';
import type { Component, Health } from '../runtime/component.ts';
import { createRecordWriter, type WriterDeps } from './record-writer.ts';
import { RecentlyStored } from './replay/recent.ts';

export interface Writer extends Component {
  /** Rejects when the writer has failed for good and the process should end; resolves after `stop`. */
  readonly ended: Promise<void>;
}

export function createWriter(deps: WriterDeps): Writer {
  const { config, bus, logger } = deps;
  const write = createRecordWriter(deps, new RecentlyStored(config.remembered));
  let consumer: Consumer | undefined;
  let end: { resolve: () => void; reject: (error: unknown) => void } | undefined;
  const ended = new Promise<void>((resolve, reject) => {
    end = { resolve, reject };
  });
  ended.catch(() => undefined);
  let failure: string | undefined;
  const gone = new AbortController();

  return {
    name: 'writer',
    ended,
    async start(signal) {
      signal.addEventListener('abort', () => gone.abort());
      const options = { group: config.group, maxInFlight: config.maxInFlight };
      consumer = bus.consumer(options, async (record) => {
        await write(record, gone.signal);
      });
      consumer.ended.then(
        () => end?.resolve(),
        (error: unknown) => {
          failure = error instanceof Error ? error.message : String(error);
          logger.error({ err: error }, 'writer ended');
          end?.reject(error);
        },
      );
      await consumer.start(signal);
    },
    async stop(limit) {
      // Past the limit, inserts under retry are left: their record is not committed and comes again.
      limit.addEventListener('abort', () => gone.abort());
      await consumer?.stop(limit);
      end?.resolve();
    },
    health(): Health {
      if (failure !== undefined) return { state: 'failed', reason: failure };
      return consumer?.health() ?? { state: 'failed', reason: 'not started' };
    },
  };
}
