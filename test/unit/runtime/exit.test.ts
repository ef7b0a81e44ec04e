import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { installCrashHandlers } from '../../../src/runtime/crash.ts';
import { ERRORS, inputError, ParallaxError } from '../../../src/runtime/errors.ts';
import { errorLine, exitCodeOf } from '../../../src/runtime/exit.ts';

describe('exit codes', () => {
  it('are those of the table, 70 for the unknown', () => {
    for (const [code, { exit }] of Object.entries(ERRORS)) {
      expect(exitCodeOf(new ParallaxError(code as keyof typeof ERRORS, 'x'))).toBe(exit);
    }
    expect(exitCodeOf(new Error('x'))).toBe(70);
    expect(exitCodeOf('x')).toBe(70);
  });

  it('come with one line for our errors and the stack for others', () => {
    expect(errorLine(inputError('no such file'))).toBe('no such file');
    expect(errorLine(new Error('oops'))).toMatch(/^Error: oops\n\s+at /);
    expect(errorLine('oops')).toBe('oops');
  });
});

describe('crash handlers', () => {
  it('log what nobody caught and end the process', () => {
    const handlers = new Map<string, (error: unknown) => void>();
    const exits: number[] = [];
    const lines: string[] = [];
    const target = {
      on: (event: string, listener: (error: unknown) => void) => handlers.set(event, listener),
      exit: (code: number) => exits.push(code),
    };
    installCrashHandlers(target, pino({}, { write: (line) => void lines.push(line) }));
    handlers.get('uncaughtException')?.(new Error('boom'));
    handlers.get('unhandledRejection')?.(new ParallaxError('store/rejected', 'no table'));
    handlers.get('unhandledRejection')?.('a string');
    expect(exits).toEqual([70, 5, 70]);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 60,
      msg: 'uncaught exception',
      err: { message: 'boom' },
    });
    expect(lines[2]).toContain('a string');
  });
});
