// Runs the components of a role: starts them in order, stops them in reverse within one time limit, and turns signals
// and failures into an exit code. It decides when a process ends; components decide what draining means.
import { setMaxListeners } from 'node:events';
import type { Logger } from 'pino';
import { deferred } from './async.ts';
import type { Clock } from './clock.ts';
import { type Component, type Health, worstOf } from './component.ts';
import { exitCodeOf } from './exit.ts';

/** A component whose later failure is known by a promise, as a bus consumer's is, ends the role when it rejects. */
export type RunnableComponent = Component & { readonly ended?: Promise<void> };

export type Phase = 'starting' | 'running' | 'stopping' | 'stopped';

export interface HealthReport {
  readonly phase: Phase;
  /** The worst state of the components; `failed` too while starting or stopping, when nothing should be routed here. */
  readonly state: Health['state'];
  readonly components: readonly ({ readonly name: string } & Health)[];
}

type StopSignal = 'SIGINT' | 'SIGTERM';

export interface SignalSource {
  on(signal: StopSignal, listener: () => void): unknown;
  off(signal: StopSignal, listener: () => void): unknown;
}

export interface RunnerDeps {
  readonly logger: Logger;
  readonly clock: Clock;
  /** Time for draining all components together, milliseconds. */
  readonly shutdownTimeoutMs: number;
  /** `process`, or a stand-in of a test. */
  readonly signals: SignalSource;
}

export interface Runner {
  /** Adds a component behind those added before; only before `run`. */
  add<C extends RunnableComponent>(component: C): C;
  /** For readiness: worst state of all, with the reasons. */
  health(): HealthReport;
  /** Ends the role as a failed component would, with the error's exit code. */
  fail(error: unknown): void;
  /** Ends the role as the first SIGTERM would, with exit code 0: for a role whose work is done. */
  finish(): void;
  /** Starts, waits for the end, stops. Resolves with the exit code; never rejects. */
  run(): Promise<number>;
}

/**
 * A terminal sends Ctrl-C to the whole process group and npm forwards it once more, so a SIGINT this close behind the
 * first is the same key press.
 */
const SAME_PRESS_MS = 300;
/** After the limit a component may still say what it left behind, for this long. */
const LAST_WORDS_MS = 500;
const EXIT_OF_SIGNAL = { SIGINT: 130, SIGTERM: 143 } as const;

// Long because start, run and shutdown share one state, and their order matters.
export function createRunner(deps: RunnerDeps): Runner {
  const { logger, clock, signals, shutdownTimeoutMs } = deps;
  const components: RunnableComponent[] = [];
  let phase: Phase = 'starting';
  let exitCode = 0;
  const life = new AbortController();
  // Every component listens on it; a dozen of them are no leak.
  setMaxListeners(0, life.signal);
  const ending = deferred<void>();
  const leaving = deferred<number>();
  let ended = false;

  const end = (code: number) => {
    if (ended) return;
    ended = true;
    exitCode = code;
    ending.resolve();
  };

  const fail = (error: unknown, name?: string) => {
    const err = error instanceof Error ? error : new Error(String(error));
    if (ended) logger.warn({ component: name, err }, 'component failed while stopping');
    else logger.error({ component: name, err }, 'component failed, ending');
    end(exitCodeOf(error));
  };

  let firstSignalAt: number | undefined;
  const onSignal = (signal: StopSignal) => () => {
    if (firstSignalAt === undefined) {
      firstSignalAt = clock.now();
      logger.info(
        { signal, limitMs: shutdownTimeoutMs },
        'stopping; a second signal leaves at once',
      );
      end(0);
      return;
    }
    if (signal === 'SIGINT' && clock.now() - firstSignalAt < SAME_PRESS_MS) return;
    logger.warn({ signal }, 'second signal, leaving at once');
    life.abort();
    leaving.resolve(EXIT_OF_SIGNAL[signal]);
  };
  const listeners = { SIGINT: onSignal('SIGINT'), SIGTERM: onSignal('SIGTERM') };

  /** Starts in order until all run or the end was asked for; the components to stop. */
  const startAll = async (): Promise<RunnableComponent[]> => {
    const started: RunnableComponent[] = [];
    for (const component of components) {
      if (ended) break;
      const beganAt = clock.now();
      const starting = new AbortController();
      // Each relay, consumer and stream of a component listens on it; twenty of them are no leak.
      setMaxListeners(0, starting.signal);
      const abort = () => starting.abort();
      life.signal.addEventListener('abort', abort);
      // A stop asked for while it starts must not wait for a peer that may never answer.
      void ending.promise.then(() => {
        if (!started.includes(component)) starting.abort();
      });
      try {
        await component.start(starting.signal);
      } catch (error) {
        if (!ended) fail(error, component.name);
        break;
      }
      started.push(component);
      component.ended?.catch((error: unknown) => fail(error, component.name));
      logger.debug({ component: component.name, ms: clock.now() - beganAt }, 'started');
    }
    return started;
  };

  const stopAll = async (started: readonly RunnableComponent[]): Promise<void> => {
    const limit = new AbortController();
    setMaxListeners(0, limit.signal);
    const timer = new AbortController();
    void clock.sleep(shutdownTimeoutMs, timer.signal).then(() => limit.abort());
    for (const component of started.toReversed()) {
      const beganAt = clock.now();
      const outcome = await stopOne(component, limit.signal);
      const fields = { component: component.name, ms: clock.now() - beganAt };
      if (outcome === 'drained') logger.info(fields, 'stopped');
      else {
        logger.warn({ ...fields, ...outcome }, 'not stopped cleanly');
        if (exitCode === 0) exitCode = 1;
      }
    }
    timer.abort();
  };

  /** Waits for the component, but past the limit only for its last words. */
  const stopOne = async (
    component: Component,
    limit: AbortSignal,
  ): Promise<'drained' | { reason: string } | { err: unknown }> => {
    const done = new AbortController();
    const overdue = (async () => {
      await aborted(limit, done.signal);
      await clock.sleep(LAST_WORDS_MS, done.signal);
      return { reason: `still busy when the limit of ${shutdownTimeoutMs} ms was over` };
    })();
    const stopping = component.stop(limit).then(
      () =>
        limit.aborted
          ? { reason: 'the limit was over before it had drained' }
          : ('drained' as const),
      (err: unknown) => ({ err }),
    );
    const outcome = await Promise.race([stopping, overdue]);
    done.abort();
    return outcome;
  };

  const live = async (): Promise<number> => {
    const started = await startAll();
    if (!ended) {
      phase = 'running';
      logger.info({ components: started.map((c) => c.name) }, 'running');
      await ending.promise;
    }
    phase = 'stopping';
    const beganAt = clock.now();
    await stopAll(started);
    phase = 'stopped';
    logger.info({ ms: clock.now() - beganAt, exitCode }, 'ended');
    return exitCode;
  };

  return {
    add(component) {
      components.push(component);
      return component;
    },
    health() {
      const states = components.map((c) => ({ name: c.name, ...c.health() }));
      const { state: worst } = worstOf(states);
      return { phase, state: phase === 'running' ? worst : 'failed', components: states };
    },
    fail: (error) => fail(error),
    finish: () => end(0),
    async run() {
      signals.on('SIGINT', listeners.SIGINT);
      signals.on('SIGTERM', listeners.SIGTERM);
      try {
        return await Promise.race([live(), leaving.promise]);
      } finally {
        signals.off('SIGINT', listeners.SIGINT);
        signals.off('SIGTERM', listeners.SIGTERM);
      }
    },
  };
}

/** Resolves when `signal` aborts, or `instead` does. */
function aborted(signal: AbortSignal, instead: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted || instead.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
    instead.addEventListener('abort', () => resolve(), { once: true });
  });
}
