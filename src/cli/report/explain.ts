// One call of `parallax explain`: where it is asked, and the answer as text.

import type { Explained } from '../../query/explain/find.ts';
import { ParallaxError } from '../../runtime/errors.ts';
import { msToNs } from '../../runtime/time.ts';
import { apiTarget, type PlaceFlags } from '../observe/server.ts';
import type { Env } from '../observe/settings.ts';
import { tokenOf } from '../token.ts';
import { askReport, withoutEnvelope } from './ask.ts';

export interface ExplainFlags extends PlaceFlags {
  readonly from?: string;
  readonly to?: string;
  readonly since?: string;
  readonly until?: string;
  readonly output: string;
}

export interface ExplainIo {
  readonly env: Env;
  readonly out: (text: string) => void;
  readonly nowMs: () => number;
  readonly signal: AbortSignal;
}

/** Throws what is wrong; the command's main loop prints it. */
export async function runExplain(
  uuid: string | undefined,
  flags: ExplainFlags,
  io: ExplainIo,
): Promise<void> {
  const { from, to, since, until } = flags;
  if (uuid === undefined && (from === undefined || to === undefined))
    throw new ParallaxError(
      'input/invalid',
      'name a flow by its uuid, or both ends with --from and --to',
    );
  const input = Object.fromEntries(
    Object.entries({ uuid, from, to, since, until }).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value] as const],
    ),
  );
  const explained = await askReport<Explained>(
    {
      target: apiTarget(flags, io.env),
      path: `/api/v1/explain?${new URLSearchParams(input)}`,
      access: { token: tokenOf(flags.tokenFile, io.env) },
      read: (answer) => (isExplained(answer) ? withoutEnvelope(answer) : undefined),
      fromStore: async (store, config) => {
        const [{ explainStored }, { readWanted }] = await Promise.all([
          import('../../query/explain/find.ts'),
          import('../../query/explain/wanted.ts'),
        ]);
        const wanted = readWanted(input, msToNs(io.nowMs()));
        return explainStored(store, wanted, config.connections, io.signal);
      },
    },
    io.signal,
  );
  io.out(flags.output === 'json' ? `${JSON.stringify(explained)}\n` : explainedText(explained));
}

function isExplained(value: unknown): value is Explained {
  return (
    typeof value === 'object' && value !== null && 'sentences' in value && 'connection' in value
  );
}

function explainedText({ sentences, unknown, among }: Explained): string {
  const lines = [...sentences];
  if (among !== undefined && among.connections > 1) {
    const { connections, denied, more } = among;
    const which = denied > 0 ? 'the newest of those denied or dropped' : 'the newest';
    lines.push(
      `Of the ${more ? 'newest ' : ''}${connections} connections between them, ${denied} were denied or dropped; this is ${which}.`,
    );
  }
  if (unknown.length > 0) lines.push('', 'Not known:', ...unknown.map((text) => `- ${text}`));
  return `${lines.join('\n')}\n`;
}
