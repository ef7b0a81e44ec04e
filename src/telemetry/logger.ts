// Makes the one logger of a process: pino, messages in lower case, data in fields, secrets left out. It writes to
// standard error, because standard output belongs to flows, and synchronously, so that the last line is never lost.
import pino from 'pino';
import type { LogConfig } from './config.ts';
import { logLineToText } from './text.ts';

/** Where lines go; `process.stderr` has this shape. */
export interface LogOutput {
  write(line: string): unknown;
  readonly isTTY?: boolean;
}

export interface LoggerOptions {
  readonly config: LogConfig;
  /** collect, write, serve, up or a command; a field of every line in json. */
  readonly role: string;
  /** Standard error when left out. */
  readonly output?: LogOutput;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

const SECRET_KEYS = ['password', 'secret', 'token', 'authorization', 'passphrase'];
const REDACT = SECRET_KEYS.flatMap((key) => [key, `*.${key}`, `*.*.${key}`, `*.*.*.${key}`]);

export function createLogger(options: LoggerOptions): pino.Logger {
  const { config, role, env = process.env } = options;
  const output: LogOutput = options.output ?? process.stderr;
  const text = config.format === 'text' || (config.format === 'auto' && output.isTTY === true);
  const settings: pino.LoggerOptions = {
    level: config.level,
    base: text ? null : { role },
    redact: { paths: REDACT, censor: '<hidden>' },
    serializers: { err: pino.stdSerializers.err },
  };
  if (text) {
    const colour = output.isTTY === true && !env.NO_COLOR;
    return pino(settings, {
      write: (line: string) => void output.write(`${logLineToText(line.trimEnd(), colour)}\n`),
    });
  }
  // pino needs only write() of a stream.
  if (options.output !== undefined) return pino(settings, options.output as pino.DestinationStream);
  return pino(settings, pino.destination({ fd: 2, sync: true }));
}
