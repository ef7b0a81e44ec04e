// Adds a command whose flags are observe's: Commander only hands them through.
import type { Command } from 'commander';
import type { ObserveOptions } from '../observe/options.ts';
import type { Report, ReportAnswer } from './run.ts';

interface Parts<T> {
  readonly report: Report<T>;
  readonly ask: (options: ObserveOptions, signal: AbortSignal) => Promise<ReportAnswer<T>>;
}

export function addReportCommand<T>(
  program: Command,
  { name, summary, load }: { name: string; summary: string; load: () => Promise<Parts<T>> },
): void {
  program
    .enablePositionalOptions()
    .command(name)
    .summary(summary)
    .usage('[flags]')
    .argument('[flags...]')
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action(async (args: string[]) => {
      const [{ runReport }, { report, ask }, { readHubbleConfig }] = await Promise.all([
        import('./run.ts'),
        load(),
        import('../observe/hubble-config.ts'),
      ]);
      const over = new AbortController();
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => over.abort());
      process.exitCode = await runReport(report, args, {
        env: process.env,
        readConfig: (named) =>
          readHubbleConfig(named, process.env, (text) => process.stderr.write(`${text}\n`)),
        out: write,
        err: (text) => process.stderr.write(text),
        nowMs: Date.now,
        signal: over.signal,
        ask: (options) => ask(options, over.signal),
      });
    });
}

/** Waits while the reader of our output is slow. */
function write(text: string): Promise<void> | undefined {
  if (process.stdout.write(text)) return undefined;
  return new Promise((resolve) => process.stdout.once('drain', resolve));
}
