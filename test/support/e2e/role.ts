// A role of the program that a test kills and starts again: the same command line, one life after the other.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Child, type Exit } from './child.ts';
import type { Program } from './program.ts';

export interface RoleOptions {
  readonly name: string;
  readonly program: Program;
  readonly directory: string;
  readonly command: readonly string[];
  /** The configuration file's content. */
  readonly config: object;
}

export class Role {
  readonly name: string;
  lives = 0;
  kills = 0;
  private readonly options: RoleOptions;
  private life: Child | undefined;

  constructor(options: RoleOptions) {
    this.options = options;
    this.name = options.name;
  }

  /** The present life, or the last one. */
  get child(): Child {
    if (!this.life) throw new Error(`${this.name} was never started`);
    return this.life;
  }

  get running(): boolean {
    return this.life?.running ?? false;
  }

  /** Starts a life without waiting for anything. */
  launch(): Child {
    if (this.running) throw new Error(`${this.name} runs already`);
    const { name, program, directory, command, config } = this.options;
    const file = join(directory, `${name}.json`);
    writeFileSync(file, JSON.stringify(config, null, 2)); // JSON is YAML
    this.lives++;
    this.life = new Child({
      name,
      directory,
      args: [program.script, ...command, '--config', file],
    });
    return this.life;
  }

  async start(withinMs = 120_000): Promise<void> {
    await this.launch().logged('running', withinMs);
  }

  /** SIGKILL, when it runs. */
  async kill(): Promise<void> {
    if (!this.running) return;
    this.kills++;
    await this.child.kill();
  }

  async stop(withinMs?: number): Promise<Exit | undefined> {
    return this.running ? await this.child.stop(withinMs) : undefined;
  }

  /** Where it answers over HTTP; empty while it does not. */
  get url(): string {
    const url = this.running && this.child.logLines.find(({ url }) => url !== undefined)?.url;
    return typeof url === 'string' ? url : '';
  }
}
