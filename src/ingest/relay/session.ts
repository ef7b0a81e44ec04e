// The life of one flow stream: it is read until it ends, the relay falls silent or sick, or someone ends it. Status
// and nodes are asked for beside it.
import type { Clock } from '../../runtime/clock.ts';
import type { CollectorConfig } from '../config.ts';
import type { MessageSink } from './framing.ts';
import type { RelayConnection } from './relay-client.ts';
import { RelayError, type RelayFailureCause, type RelayPlace, relayError } from './relay-errors.ts';

export interface SessionDeps {
  readonly connection: RelayConnection;
  readonly place: RelayPlace;
  readonly config: Pick<CollectorConfig, 'idle' | 'unhealthy' | 'poll' | 'reconnect'>;
  readonly clock: Clock;
  readonly sinceMs: number;
  /** Patterns of node names; all nodes without. */
  readonly nodes: readonly string[];
  readonly sink: MessageSink;
  /** When bytes arrived last, milliseconds since 1970. */
  readonly lastDataAt: () => number;
  /** `early`: too soon after the stream was opened, or the poll before, to judge by it who is silent. */
  readonly poll: (connection: RelayConnection, early: boolean) => Promise<void>;
  /** The stream has lived long enough for the next wait to be short. */
  readonly stable: () => void;
}

export interface Session {
  /** Resolves with what ended the stream. */
  readonly ended: Promise<RelayError>;
  pause(): void;
  resume(): void;
  end(reason: RelayFailureCause, says: string): void;
}

/** A young stream is looked at more often, to learn where it stands in the nodes' counts before it may end. */
const EARLY_MS = [500, 500, 1_000, 2_000, 5_000, 10_000] as const;

// Long because the ways a session ends share the state of one stream.
export function openSession(deps: SessionDeps): Session {
  const { connection, place, config, clock } = deps;
  const over = new AbortController();
  let finish: (error: RelayError) => void = () => undefined;
  const finished = new Promise<RelayError>((resolve) => {
    finish = resolve;
  });
  const end = (reason: RelayFailureCause, says: string) =>
    finish(
      new RelayError(
        'relay/unavailable',
        reason,
        `relay ${place.address} of cluster ${place.cluster}: ${says}`,
      ),
    );
  const stream = connection.getFlows(deps.sinceMs, deps.sink, deps.nodes);
  stream.ended.then(
    () => end('ended', 'the relay ended the stream'),
    (error: unknown) => finish(relayError(place, error)),
  );
  void connection.goaway.then(() => end('goaway', 'the relay asked its clients to leave'));

  /** Asks a silent relay whether it lives. Its answer, not HTTP/2 pings: Go's servers cut off clients that ping. */
  async function watch(): Promise<void> {
    let alive = clock.now();
    let sick = 0;
    while (!over.signal.aborted) {
      const silent = clock.now() - Math.max(alive, deps.lastDataAt());
      if (silent < config.idle && silent >= 0) {
        await clock.sleep(config.idle - silent, over.signal);
        continue;
      }
      try {
        sick = (await connection.healthy()) ? 0 : sick + 1;
      } catch (error) {
        const failure = relayError(place, error);
        if (failure.reason === 'timeout' || failure.reason === 'lost') {
          return end(
            'silent',
            `silent, and no answer when asked for its health: ${failure.message}`,
          );
        }
        sick++;
      }
      if (sick >= config.unhealthy) {
        return end('unhealthy', `silent, and ${sick} health checks in a row failed`);
      }
      alive = clock.now();
    }
  }

  async function pollAll(): Promise<void> {
    for (let polls = 0; !over.signal.aborted; polls++) {
      const next = EARLY_MS[polls];
      await deps.poll(connection, next !== undefined);
      await clock.sleep(Math.min(config.poll, next ?? config.poll), over.signal);
    }
  }

  async function markStable(): Promise<void> {
    await clock.sleep(config.reconnect.stable, over.signal);
    if (!over.signal.aborted) deps.stable();
  }

  void watch();
  void pollAll();
  void markStable();

  return {
    ended: finished.then((error) => {
      over.abort();
      stream.cancel();
      connection.destroy();
      return error;
    }),
    pause: () => stream.pause(),
    resume: () => stream.resume(),
    end,
  };
}
