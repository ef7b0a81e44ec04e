// CPU and memory of another process, as the kernel counts them.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface Usage {
  /** User and system time so far, microseconds. */
  readonly cpuMicros: number;
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
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const cpu = Number(fields[11]) + Number(fields[12]);
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const rss = /VmRSS:\s+(\d+)/.exec(status)?.[1] ?? '0';
  return { cpuMicros: (cpu * 1e6) / ticksPerSecond(), rss: Number(rss) * 1024 };
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
