// A call of the command line, and what it printed.
import type { CallIo } from '../../src/cli/call.ts';
import { never } from './stores.ts';

export interface CaughtCall {
  readonly io: CallIo;
  /** What was printed since it was asked last. */
  said(): { readonly out: string; readonly err: string };
}

export function caughtCall({
  env = {},
  nowMs,
  signal = never,
}: {
  readonly env?: CallIo['env'];
  readonly nowMs: number;
  readonly signal?: AbortSignal;
}): CaughtCall {
  let [out, err] = ['', ''];
  return {
    io: {
      env,
      readConfig: async () => ({}),
      out: (text) => {
        out += text;
        return undefined;
      },
      err: (text) => {
        err += text;
      },
      warn: (line) => {
        err += `${line}\n`;
      },
      nowMs: () => nowMs,
      signal,
    },
    said() {
      const said = { out, err };
      [out, err] = ['', ''];
      return said;
    },
  };
}
