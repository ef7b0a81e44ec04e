import { EventEmitter } from 'node:events';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/runtime/clock.ts';
import type { Component, Health } from '../../../src/runtime/component.ts';
import { ParallaxError } from '../../../src/runtime/errors.ts';
import {
  createRunner,
  type RunnableComponent,
  type SignalSource,
} from '../../../src/runtime/run.ts';

interface Scene {
  readonly events: string[];
  readonly lines: Record<string, unknown>[];
  readonly signals: EventEmitter;
  readonly runner: ReturnType<typeof createRunner>;
}

function scene(shutdownTimeoutMs = 5000): Scene {
  const signals = new EventEmitter();
  const lines: Record<string, unknown>[] = [];
  const logger = pino({ level: 'debug' }, { write: (line) => void lines.push(JSON.parse(line)) });
  const runner = createRunner({
    logger,
    clock: systemClock,
    shutdownTimeoutMs,
    signals: signals as unknown as SignalSource,
  });
  return { events: [], lines, signals, runner };
}

function part(name: string, { events }: Scene, over: Partial<RunnableComponent> = {}): Component {
  return {
    name,
    start: async () => void events.push(`start ${name}`),
    stop: async () => void events.push(`stop ${name}`),
    health: (): Health => ({ state: 'ok' }),
    ...over,
  };
}

/** Long enough for everything that does not wait for time. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 20));

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
}

describe('runner', () => {
  it('starts in order, stops in reverse, and says what each did', async () => {
    const s = scene();
    for (const name of ['store', 'bus', 'writer']) s.runner.add(part(name, s));
    const ended = s.runner.run();
    await settle();
    expect(s.runner.health()).toMatchObject({ phase: 'running', state: 'ok' });
    s.signals.emit('SIGTERM');
    expect(await ended).toBe(0);
    expect(s.events).toEqual([
      'start store',
      'start bus',
      'start writer',
      'stop writer',
      'stop bus',
      'stop store',
    ]);
    const stopped = s.lines.filter((line) => line.msg === 'stopped').map((line) => line.component);
    expect(stopped).toEqual(['writer', 'bus', 'store']);
    expect(s.signals.listenerCount('SIGTERM')).toBe(0);
  });

  it('ends with the exit code of what could not start, and stops what had', async () => {
    const s = scene();
    s.runner.add(part('store', s));
    const start = () => Promise.reject(new ParallaxError('bus/unavailable', 'no broker'));
    s.runner.add(part('bus', s, { start }));
    s.runner.add(part('writer', s));
    expect(await s.runner.run()).toBe(4);
    expect(s.events).toEqual(['start store', 'stop store']);
  });

  it('ends with the exit code of what failed later', async () => {
    const s = scene();
    let fail: (error: Error) => void = () => {};
    const ended = new Promise<void>((_, reject) => {
      fail = reject;
    });
    s.runner.add(part('store', s));
    s.runner.add(part('consumer', s, { ended }));
    const code = s.runner.run();
    await settle();
    fail(new ParallaxError('store/rejected', 'no such table'));
    expect(await code).toBe(5);
    expect(s.events.slice(-2)).toEqual(['stop consumer', 'stop store']);
  });

  it('ends with 70 for an error nobody foresaw', async () => {
    const s = scene();
    s.runner.add(
      part('store', s, { start: () => Promise.reject(new TypeError('x is undefined')) }),
    );
    expect(await s.runner.run()).toBe(70);
  });

  it('tells a component when the time for draining is over, and goes on without it', async () => {
    const s = scene(50);
    s.runner.add(part('store', s));
    s.runner.add(part('stuck', s, { stop: () => new Promise(() => {}) }));
    s.runner.add(part('slow', s, { stop: untilAborted }));
    const ended = s.runner.run();
    await settle();
    s.signals.emit('SIGTERM');
    expect(await ended).toBe(1);
    expect(s.events.at(-1)).toBe('stop store');
    const unclean = s.lines.filter((line) => line.msg === 'not stopped cleanly');
    expect(unclean.map((line) => line.component)).toEqual(['slow', 'stuck', 'store']);
  });

  it('stops the others when one cannot stop', async () => {
    const s = scene();
    s.runner.add(part('store', s));
    s.runner.add(part('bus', s, { stop: () => Promise.reject(new Error('socket hang up')) }));
    const ended = s.runner.run();
    await settle();
    s.signals.emit('SIGTERM');
    expect(await ended).toBe(1);
    expect(s.events.at(-1)).toBe('stop store');
  });

  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)('leaves at once on a second %s', async (signal, exit) => {
    const s = scene(60_000);
    let life: AbortSignal | undefined;
    const start = async (given: AbortSignal) => {
      life = given;
    };
    s.runner.add(part('stuck', s, { start, stop: () => new Promise(() => {}) }));
    const ended = s.runner.run();
    await settle();
    s.signals.emit('SIGTERM');
    if (signal === 'SIGINT') await new Promise((resolve) => setTimeout(resolve, 320));
    else await settle();
    s.signals.emit(signal);
    expect(await ended).toBe(exit);
    expect(life?.aborted).toBe(true);
  });

  it('takes a Ctrl-C that npm passes on once more for one', async () => {
    const s = scene();
    const stop = () => new Promise<void>((resolve) => setTimeout(resolve, 60));
    s.runner.add(part('store', s, { stop }));
    const ended = s.runner.run();
    await settle();
    s.signals.emit('SIGINT');
    s.signals.emit('SIGINT');
    expect(await ended).toBe(0);
  });

  it('does not wait for a start that will not come when asked to stop', async () => {
    const s = scene();
    s.runner.add(part('store', s));
    const start = async (signal: AbortSignal) => {
      await untilAborted(signal);
      throw new ParallaxError('bus/unavailable', 'gave up');
    };
    s.runner.add(part('bus', s, { start }));
    const ended = s.runner.run();
    await settle();
    expect(s.runner.health()).toMatchObject({ phase: 'starting', state: 'failed' });
    s.signals.emit('SIGTERM');
    expect(await ended).toBe(0);
    expect(s.events).toEqual(['start store', 'stop store']);
  });

  it('reports the worst health of its components', async () => {
    const s = scene();
    s.runner.add(part('store', s));
    s.runner.add(part('bus', s, { health: () => ({ state: 'degraded', reason: 'lag' }) }));
    const ended = s.runner.run();
    await settle();
    expect(s.runner.health()).toEqual({
      phase: 'running',
      state: 'degraded',
      components: [
        { name: 'store', state: 'ok' },
        { name: 'bus', state: 'degraded', reason: 'lag' },
      ],
    });
    s.runner.finish();
    expect(await ended).toBe(0);
    expect(s.runner.health()).toMatchObject({ phase: 'stopped', state: 'failed' });
  });
});
