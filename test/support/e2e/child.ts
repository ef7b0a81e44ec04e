// One life of a child process. Its output goes to files, so that a test too busy to read never slows it down, and so
// that the end of its log can be shown when something failed.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface LaunchOptions {
  readonly name: string;
  /** Arguments of node, the script first. */
  readonly args: readonly string[];
  /** Where the logs go; also the working directory. */
  readonly directory: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export type LogLine = Readonly<Record<string, unknown>> & {
  readonly msg?: string;
  readonly level?: number;
};

const TAIL_LINES = 20;
const TAIL_CHARACTERS = 260;
const living = new Set<ChildProcess>();
// Whatever ends us, nothing that we started stays behind.
process.on('exit', () => {
  for (const child of living) child.kill('SIGKILL');
});

/** The environment without what the tests and their runner are told by. */
export function userEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      ([key]) => !/^(PARALLAX_|NODE_OPTIONS$|NODE_ENV$|VITEST)/.test(key),
    ),
  );
}

export class Child {
  readonly name: string;
  readonly exited: Promise<Exit>;
  private readonly child: ChildProcess;
  private readonly errFile: string;
  private readonly outFile: string;
  /** Where this life's part of the files starts. */
  private readonly errFrom: number;
  private readonly outFrom: number;

  constructor({ name, args, directory, env }: LaunchOptions) {
    this.name = name;
    this.errFile = join(directory, `${name}.log`);
    this.outFile = join(directory, `${name}.out`);
    const err = openSync(this.errFile, 'a');
    const out = openSync(this.outFile, 'a');
    this.errFrom = statSync(this.errFile).size;
    this.outFrom = statSync(this.outFile).size;
    this.child = spawn(process.execPath, args, {
      cwd: directory,
      env: { ...userEnvironment(), ...env },
      stdio: ['ignore', out, err],
    });
    closeSync(err);
    closeSync(out);
    living.add(this.child);
    this.exited = once(this.child, 'exit').then(([code, signal]) => {
      living.delete(this.child);
      return { code, signal } as Exit; // what the event brings
    });
  }

  get pid(): number {
    return this.child.pid ?? -1;
  }

  get running(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** What it wrote to standard output in this life. */
  get output(): string {
    return readFileSync(this.outFile).subarray(this.outFrom).toString();
  }

  /** What it wrote to standard error in this life. */
  get log(): string {
    return readFileSync(this.errFile).subarray(this.errFrom).toString();
  }

  get logLines(): LogLine[] {
    return this.log.split('\n').flatMap((line) => {
      if (!line.startsWith('{')) return [];
      try {
        return [JSON.parse(line) as LogLine];
      } catch {
        return []; // the last line of a killed process
      }
    });
  }

  tail(lines = TAIL_LINES): string {
    const all = this.log.trimEnd().split('\n').slice(-lines);
    const short = all.map((line) => line.slice(0, TAIL_CHARACTERS)).join('\n');
    return `--- ${this.name} (pid ${this.pid}), last lines of its log ---\n${short}`;
  }

  /** The first log line with this message; throws when the process ends or the time is over. */
  async logged(message: string, withinMs = 90_000): Promise<LogLine> {
    let found: LogLine | undefined;
    await this.until(`the log line "${message}"`, withinMs, () => {
      found = this.logLines.find(({ msg }) => msg === message);
      return found !== undefined;
    });
    return found ?? {};
  }

  /** Polls until `done`; throws with the log's tail when the process ends before or the time is over. */
  async until(what: string, withinMs: number, done: () => boolean | Promise<boolean>) {
    const end = Date.now() + withinMs;
    while (!(await done())) {
      const why = !this.running ? 'it has ended' : Date.now() > end ? `${withinMs} ms passed` : '';
      if (why !== '') {
        if (await done()) return;
        throw new Error(`waiting for ${what} of ${this.name}: ${why}\n${this.tail()}`);
      }
      await sleep(40);
    }
  }

  signal(signal: NodeJS.Signals): void {
    if (this.running) this.child.kill(signal);
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.exited;
  }

  /** SIGTERM and how it ended; SIGKILL and an error past the limit. */
  async stop(withinMs = 90_000): Promise<Exit> {
    this.signal('SIGTERM');
    const over = new AbortController();
    const late = sleep(withinMs, 'late' as const, { signal: over.signal }).catch(() => undefined);
    const exit = await Promise.race([this.exited, late]);
    over.abort();
    if (typeof exit === 'object') return exit;
    const tail = this.tail();
    await this.kill();
    throw new Error(`${this.name} did not end within ${withinMs} ms of SIGTERM\n${tail}`);
  }
}
