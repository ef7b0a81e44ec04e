import type { PolicyKind } from '../../query/denials/suggest/suggest.ts';
import type { Suggested } from '../../query/denials/suggest/suggested.ts';
import type { PrintingIo } from '../call.ts';
import { getDocument } from '../client/document.ts';
import type { ServerFlags } from '../client/server-flags.ts';
import type { PolicyFormat } from '../output/format.ts';
import { plainLines } from '../output/plain-text.ts';
import { jsonText } from '../output/render.ts';
import { TimeReader } from '../time.ts';

export interface SuggestFlags extends ServerFlags {
  readonly incident: string;
  readonly kind?: PolicyKind;
  readonly since?: string;
  readonly until?: string;
  readonly output?: PolicyFormat;
}

/** Throws `input/invalid` and the errors of the API. */
export async function runSuggest(flags: SuggestFlags, io: PrintingIo): Promise<void> {
  const { incident, kind, output = 'yaml' } = flags;
  const { incidentIds } = await import('../../query/denials/request.ts');
  incidentIds([incident]);
  const times = new TimeReader(io.nowMs(), io.warn);
  const suggested = await getDocument<Suggested>(
    flags,
    `/api/v1/incidents/${incident.toLowerCase()}/policy`,
    { kind, since: times.text('since', flags.since), until: times.text('until', flags.until) },
    (answer) => 'yaml' in answer,
    io,
  );
  await io.out(output === 'yaml' ? plainLines(suggested.yaml) : `${jsonText(suggested, 2)}\n`);
}
