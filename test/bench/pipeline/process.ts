// CPU and memory of another process, as the kernel counts them.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

export interface Usage {
  /** User and system time so far, microseconds. */
  readonly cpuMicros: number;
  /** Of that, the embedded engine's merges of parts, which it does in the background on threads of their own. */
  readonly mergeMicros: number;
  /** Resident memory now, bytes. */
  readonly rss: number;
}

let ticks = 0;

function ticksPerSecond(): number {
  if (ticks === 0) ticks = Number(execFileSync('getconf', ['CLK_TCK']).toString());
  return ticks;
}

/** Linux only, as the figures in docs/benchmarks.md. */
export function usageOf(pid: number): Usage {
  const cpu = cpuTicks(`/proc/${pid}/stat`);
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const rss = /VmRSS:\s+(\d+)/.exec(status)?.[1] ?? '0';
  const micros = 1e6 / ticksPerSecond();
  return {
    cpuMicros: cpu * micros,
    mergeMicros: mergeTicks(pid) * micros,
    rss: Number(rss) * 1024,
  };
}

/** User and system time in a `stat` file of the kernel, in ticks. */
function cpuTicks(file: string): number {
  const stat = readFileSync(file, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

function mergeTicks(pid: number): number {
  let sum = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const directory = `/proc/${pid}/task/${thread}`;
    try {
      const name = readFileSync(`${directory}/comm`, 'utf8').trim();
      if (name === 'MergeMutate') sum += cpuTicks(`${directory}/stat`);
    } catch {
      // The thread has ended since.
    }
  }
  return sum;
}

/** The process that listens on a TCP port of loopback; undefined when it cannot be found out. */
export function pidListeningOn(port: number): number | undefined {
  try {
    const out = execFileSync('sh', ['-c', `ss -ltnpH 'sport = :${port}'`]).toString();
    const pid = /pid=(\d+)/.exec(out)?.[1];
    return pid === undefined ? undefined : Number(pid);
  } catch {
    return undefined;
  }
}
