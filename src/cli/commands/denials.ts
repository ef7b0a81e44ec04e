// `parallax denials`: who was denied what, where and by which policy.
import type { Command } from 'commander';

export function addDenialsCommand(program: Command): void {
  program
    .enablePositionalOptions()
    .command('denials')
    .summary('show denials as incidents: who was denied what, where, by which policy')
    .usage('[flags]')
    .argument('[flags...]')
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action(async (args: string[]) => {
      const [{ runDenials }, { readHubbleConfig }] = await Promise.all([
        import('../denials/run.ts'),
        import('../observe/hubble-config.ts'),
      ]);
      const over = new AbortController();
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => over.abort());
      process.exitCode = await runDenials(args, {
        env: process.env,
        readConfig: (named) =>
          readHubbleConfig(named, process.env, (text) => process.stderr.write(`${text}\n`)),
        out: write,
        err: (text) => process.stderr.write(text),
        nowMs: Date.now,
        signal: over.signal,
      });
    });
}

/** Waits while the reader of our output is slow. */
function write(text: string): Promise<void> | undefined {
  if (process.stdout.write(text)) return undefined;
  return new Promise((resolve) => process.stdout.once('drain', resolve));
}
