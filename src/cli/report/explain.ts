import type { Explained } from '../../query/explain/find.ts';
import { inputError } from '../../runtime/errors.ts';
import { callScreen, type PrintingIo } from '../call.ts';
import { getDocument } from '../client/document.ts';
import type { ServerFlags } from '../client/server-flags.ts';
import type { OutputFlags } from '../output/command.ts';
import { plainText } from '../output/plain-text.ts';
import { type Answer, render } from '../output/render.ts';
import { tableOf } from '../output/table.ts';
import { TimeReader } from '../time.ts';

export interface ExplainFlags extends ServerFlags, OutputFlags {
  readonly from?: string;
  readonly to?: string;
  readonly since?: string;
  readonly until?: string;
}

/** Throws `input/invalid` and the errors of the API. */
export async function runExplain(
  uuid: string | undefined,
  flags: ExplainFlags,
  io: PrintingIo,
): Promise<void> {
  const { from, to } = flags;
  if (uuid === undefined && (from === undefined || to === undefined))
    throw inputError('name a flow by its uuid, or both ends with --from and --to');
  const times = new TimeReader(io.nowMs(), io.warn);
  const [since, until] = [times.text('since', flags.since), times.text('until', flags.until)];
  const explained = await getDocument<Explained>(
    flags,
    '/api/v1/explain',
    { uuid, from, to, since, until },
    (answer) => 'sentences' in answer && 'connection' in answer,
    io,
  );
  const screen = callScreen(io, flags.color);
  await io.out(await render(answerOf(explained), flags.output ?? 'table', screen));
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
  return {
    document: explained,
    items: [explained],
    table,
    text: `${lines.map(plainText).join('\n')}\n`,
  };
}
