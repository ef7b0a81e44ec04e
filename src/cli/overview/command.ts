import type { ServerFlags } from '../client/server-flags.ts';
import { interrupted } from '../interrupted.ts';
import { openView } from './open-view.ts';
import type { ServerView } from './view.ts';

/** Opens a view of the server that the flags name, and closes it; a signal of the terminal ends it without an error. */
export async function withView(
  flags: ServerFlags,
  use: (view: ServerView, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const signal = interrupted();
  const view = await openView(flags, process.env, { signal, nowMs: Date.now });
  try {
    await use(view, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await view.close();
  }
}
