// `parallax up` under a simulated load, as the benches have it that measure what happens beside storing.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildProgram, type Program } from '../support/e2e/program.ts';
import { Role } from '../support/e2e/role.ts';
import { withRelay } from './pipeline/paths.ts';
import { usageOf } from './pipeline/process.ts';

export interface Bench {
  readonly program: Program;
  /** For whatever the bench keeps; gone with it. */
  readonly directory: string;
  /** The cluster whose relay pours the load. */
  readonly load: { readonly name: string; readonly relay: string };
  /** Starts `parallax up` in front of it; `config` is laid over what all benches have. Stopped with the bench. */
  readonly up: (config?: object) => Promise<Role>;
}

/** Builds the program, makes the load of `rate` flows a second, and clears all of it away behind `use`. */
export async function withBench<T>(rate: number, use: (bench: Bench) => Promise<T>): Promise<T> {
  const program = await buildProgram();
  const directory = mkdtempSync(join(tmpdir(), 'parallax-bench-up-'));
  const roles: Role[] = [];
  const up = async (relay: string, config: object) => {
    const role = new Role({
      name: 'up',
      program,
      directory,
      command: ['up', '-q'],
      config: {
        clusters: [{ name: 'load-1', relay }],
        store: { chdb: { path: join(directory, 'data') } },
        api: { listen: '127.0.0.1:0' },
        ...config,
      },
    });
    roles.push(role);
    await role.start();
    return role;
  };
  try {
    return await withRelay(program, rate, async (relay) => {
      try {
        const load = { name: 'load-1', relay };
        return await use({ program, directory, load, up: (config = {}) => up(relay, config) });
      } finally {
        for (const role of roles) await role.stop();
      }
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
    await program.remove();
  }
}

export interface Spent {
  readonly seconds: number;
  readonly cpuMicros: number;
  readonly cpuCores: number;
  /** The most that was seen, MiB. */
  readonly rssMiB: number;
}

/** What a process spends for so long; `turn` is what is done meanwhile, again and again. */
export async function spentWithin(
  { pid }: { readonly pid: number },
  seconds: number,
  turn: () => Promise<unknown> = () => sleep(500),
): Promise<Spent> {
  const before = usageOf(pid).cpuMicros;
  const began = performance.now();
  let rss = 0;
  while (performance.now() - began < seconds * 1000) {
    rss = Math.max(rss, usageOf(pid).rss);
    await turn();
  }
  const elapsed = (performance.now() - began) / 1000;
  const cpuMicros = usageOf(pid).cpuMicros - before;
  return {
    seconds: elapsed,
    cpuMicros,
    cpuCores: cpuMicros / 1e6 / elapsed,
    rssMiB: rss / 2 ** 20,
  };
}
