// One call of `parallax suggest-policy`: where it is asked, and the policy as text.

import type { PolicyKind } from '../../query/denials/suggest/suggest.ts';
import type { Suggested } from '../../query/denials/suggest/suggested.ts';
import { msToNs } from '../../runtime/time.ts';
import { lookUp } from '../lookup.ts';
import type { PlaceFlags } from '../observe/server.ts';
import type { PolicyFormat } from '../output/format.ts';
import { plainLines } from '../output/plain-text.ts';
import { jsonText } from '../output/render.ts';

export interface SuggestFlags extends PlaceFlags {
  readonly incident: string;
  readonly kind?: PolicyKind;
  readonly since?: string;
  readonly until?: string;
  readonly output?: PolicyFormat;
}

export interface SuggestIo {
  readonly out: (text: string) => void;
  readonly nowMs: () => number;
  readonly signal: AbortSignal;
}

/** Throws what is wrong; the command's main loop prints it. */
export async function runSuggest(flags: SuggestFlags, io: SuggestIo): Promise<void> {
  const { incident, kind, since, until, output = 'yaml' } = flags;
  const { incidentIds } = await import('../../query/denials/request.ts');
  const [id = 0n] = incidentIds([incident]);
  const suggested = await lookUp<Suggested>(
    flags,
    {
      path: `/api/v1/incidents/${incident.toLowerCase()}/policy`,
      params: { kind, since, until },
      direct: async (store, { denials: config }) => {
        const [{ detailQuery }, { suggestStored }, { momentOf }] = await Promise.all([
          import('../../query/denials/ask.ts'),
          import('../../query/denials/suggest/suggested.ts'),
          import('../../query/request/fields.ts'),
        ]);
        const nowNanos = msToNs(io.nowMs());
        const moment = (name: string, text: string | undefined) => momentOf(name, text, nowNanos);
        const range = { since: moment('since', since), until: moment('until', until) };
        const query = { ...detailQuery(id, range, { config, nowNanos }), kind };
        return suggestStored(store, query, io.signal);
      },
    },
    io.signal,
  );
  io.out(output === 'yaml' ? plainLines(suggested.yaml) : `${jsonText(suggested, 2)}\n`);
}
