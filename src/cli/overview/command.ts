// What the commands about a server share: the flags that say which one, and the connection around the question.
import type { Command } from 'commander';
import { interrupted } from '../interrupted.ts';
import { TOKEN_FILE_HELP } from '../token.ts';
import { openView } from './open-view.ts';
import type { ServerFlags, ServerView } from './view.ts';

/** Adds the flags that name a server. */
export function addServerFlags(command: Command): Command {
  return command
    .option(
      '--server <address>',
      'http://HOST:PORT of a Parallax server, or grpc://HOST:PORT or tls://HOST:PORT of a Parallax server or a Hubble Relay; PARALLAX_SERVER',
    )
    .option(
      '--data-dir <dir>',
      'ask the server that has this data directory open; PARALLAX_DATA_DIR',
    )
    .option('--token-file <file>', TOKEN_FILE_HELP)
    .option('--timeout <duration>', 'how long an answer may take', '12s')
    .option('--tls-ca-cert-files <files>', 'authorities to trust, comma-separated (tls://)')
    .option('--tls-client-cert-file <file>', 'certificate of the client (tls://)')
    .option('--tls-client-key-file <file>', 'key of the client’s certificate (tls://)')
    .option('--tls-server-name <name>', 'name the server’s certificate must have (tls://)')
    .option('--tls-allow-insecure', 'take any certificate (tls://)');
}

/** Asks and prints; a signal of the terminal ends it. */
export async function withView(
  flags: ServerFlags,
  use: (view: ServerView, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const signal = interrupted();
  const view = await openView(flags, process.env, signal);
  try {
    await use(view, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    view.close();
  }
}
