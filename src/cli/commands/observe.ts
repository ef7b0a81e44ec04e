// `parallax observe`: hubble observe over what was collected. Its flags are read by Hubble's own rules, which Commander
// does not have, so Commander only hands them through.
import type { Command } from 'commander';

export function addObserveCommand(program: Command): void {
  program
    .enablePositionalOptions()
    .command('observe')
    .summary('show collected flows, as hubble observe does')
    .usage('[flags]')
    .argument('[flags...]')
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action(async (args: string[]) => {
      if (counts(args)) {
        const [{ runHere }, { AGGREGATE }] = await Promise.all([
          import('../totals/command.ts'),
          import('../totals/aggregate.ts'),
        ]);
        return runHere(AGGREGATE, args);
      }
      const [{ runObserve }, { ask }, { openResponses }, { readHubbleConfig }] = await Promise.all([
        import('../observe/run.ts'),
        import('../observe/ask.ts'),
        import('../observe/input-file.ts'),
        import('../observe/hubble-config.ts'),
      ]);
      const over = new AbortController();
      for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => over.abort());
      process.exitCode = await runObserve(args, {
        env: process.env,
        readFile: (path, warn) => openResponses(path, process.stdin, warn, over.signal),
        readConfig: (named, warn, found) => readHubbleConfig(named, process.env, warn, found),
        out: write,
        err: (text) => process.stderr.write(text),
        isTty: process.stdout.isTTY === true,
        isErrTty: process.stderr.isTTY === true,
        nowMs: Date.now,
        signal: over.signal,
        ask: (options, say, progress) => ask(options, say, progress, over.signal),
      });
    });
}

/** Flows are to be counted, not shown. */
function counts(args: readonly string[]): boolean {
  return args.some((arg) => arg === '--aggregate-by' || arg.startsWith('--aggregate-by='));
}

/** Waits while the reader of our output is slow. */
function write(text: string): Promise<void> | undefined {
  if (process.stdout.write(text)) return undefined;
  return new Promise((resolve) => process.stdout.once('drain', resolve));
}
