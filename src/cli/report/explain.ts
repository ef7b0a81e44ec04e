// One call of `parallax explain`: where it is asked, and the answer as text.

import type { Explained } from '../../query/explain/find.ts';
import { inputError } from '../../runtime/errors.ts';
import { msToNs } from '../../runtime/time.ts';
import { type CallIo, callScreen } from '../call.ts';
import { apiTarget, type PlaceFlags } from '../observe/server.ts';
import type { Env } from '../observe/settings.ts';
import type { Format } from '../output/format.ts';
import { type Answer, render } from '../output/render.ts';
import { tableOf } from '../output/table.ts';
import { tokenOf } from '../token.ts';
import { askReport, withoutEnvelope } from './ask.ts';

export interface ExplainFlags extends PlaceFlags {
  readonly from?: string;
  readonly to?: string;
  readonly since?: string;
  readonly until?: string;
  readonly output?: Format;
}

export interface ExplainIo extends Partial<Pick<CallIo, 'terminal'>> {
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
    throw inputError('name a flow by its uuid, or both ends with --from and --to');
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
  const screen = callScreen(io, undefined);
  io.out(await render(answerOf(explained), flags.output ?? 'table', screen));
}

function isExplained(value: unknown): value is Explained {
  return (
    typeof value === 'object' && value !== null && 'sentences' in value && 'connection' in value
  );
}

/** Sentences, which CSV has a record of each. */
function answerOf(explained: Explained): Answer {
  const { unknown, among } = explained;
  const known = [...explained.sentences];
  if (among !== undefined && among.connections > 1) {
    const { connections, denied, more } = among;
    const which = denied > 0 ? 'the newest of those denied or dropped' : 'the newest';
    known.push(
      `Of the ${more ? 'newest ' : ''}${connections} connections between them, ${denied} were denied or dropped; this is ${which}.`,
    );
  }
  const lines = [
    ...known,
    ...(unknown.length > 0 ? ['', 'Not known:', ...unknown.map((text) => `- ${text}`)] : []),
  ];
  const sentences = [
    ...known.map((text) => ({ kind: 'known', text })),
    ...unknown.map((text) => ({ kind: 'not known', text })),
  ];
  const table = tableOf<(typeof sentences)[number]>(
    [
      { header: 'KIND', cell: ({ kind }) => kind },
      { header: 'TEXT', cell: ({ text }) => text },
    ],
    sentences,
  );
  return { document: explained, items: [explained], table, text: `${lines.join('\n')}\n` };
}
