// A ClickHouse server for tests as a process of its own, which can be killed and told to refuse inserts.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../engines/kafka/container.ts';
import { Child } from './child.ts';

const MAIN = fileURLToPath(new URL('front-main.ts', import.meta.url));

export class Front {
  readonly url: string;
  readonly dataDir: string;
  private readonly directory: string;
  private readonly port: number;
  private life: Child | undefined;

  private constructor(directory: string, port: number) {
    this.directory = directory;
    this.dataDir = join(directory, 'server');
    this.port = port;
    this.url = `http://127.0.0.1:${port}`;
  }

  static async create(directory: string): Promise<Front> {
    return new Front(directory, await freePort());
  }

  get running(): boolean {
    return this.life?.running ?? false;
  }

  async start(): Promise<void> {
    if (this.running) return;
    this.life = new Child({
      name: 'clickhouse',
      directory: this.directory,
      args: ['--import', import.meta.resolve('tsx'), MAIN, this.dataDir, String(this.port)],
    });
    await this.life.logged('running');
  }

  /** Refuses every insert with "too many parts", or takes them again. */
  refuse(on: boolean): void {
    this.life?.signal(on ? 'SIGUSR2' : 'SIGHUP');
  }

  /** Stands still, connections open, until `resume`. */
  pause(): void {
    this.life?.signal('SIGSTOP');
  }

  resume(): void {
    this.life?.signal('SIGCONT');
  }

  async kill(): Promise<void> {
    await this.life?.kill();
  }

  async stop(): Promise<void> {
    if (this.running) await this.life?.stop();
  }
}
