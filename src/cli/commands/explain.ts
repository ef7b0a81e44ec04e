// `parallax explain`: the story of one connection in sentences.
import type { Command } from 'commander';
import { interrupted } from '../interrupted.ts';
import { addOutputFlags } from '../output/command.ts';
import type { ExplainFlags } from '../report/explain.ts';
import { TOKEN_FILE_HELP } from '../token.ts';

export function addExplainCommand(program: Command): void {
  addOutputFlags(program.command('explain'))
    .summary('tell the story of one connection: who decided what, where, and by which policy')
    .description(
      'Tells who talked to whom in which cluster, what each side saw, who denied or allowed it by which policy, and what is not known. Names a flow of the connection by its uuid, or both ends: of several connections between them the newest denied one is told, else the newest.',
    )
    .argument('[uuid]', 'uuid of any flow of the connection')
    .option('--from <end>', 'client: pod (NAMESPACE/NAME, a beginning will do) or address')
    .option('--to <end>', 'server: pod or address, :PORT behind it if wanted')
    .option('--since <time>', 'from here on: 30m, 7d, 2026-03-14T10:00:00Z; with --from and --to')
    .option('--until <time>', 'up to here')
    .option('--server <url>', 'URL of a Parallax server; PARALLAX_SERVER')
    .option('--token-file <file>', TOKEN_FILE_HELP)
    .option('--data-dir <dir>', 'data directory to read; PARALLAX_DATA_DIR')
    .action(async (uuid: string | undefined, flags: ExplainFlags) => {
      const { runExplain } = await import('../report/explain.ts');
      await runExplain(uuid, flags, {
        env: process.env,
        out: (text) => void process.stdout.write(text),
        nowMs: Date.now,
        signal: interrupted(),
        terminal: process.stdout,
      });
    });
}
