import { z } from 'zod';
import { inputError } from '../../runtime/errors.ts';
import { parseTime, schemaError, windowFields } from '../request/fields.ts';
import type { Wanted } from './find.ts';

export const wantedRequest = z.strictObject({
  uuid: z.string().max(64).optional().describe('Of a flow; or name both ends.'),
  from: z.string().max(300).optional().describe('Client: NAMESPACE/POD or an address.'),
  to: z.string().max(300).optional().describe('Server, with :PORT behind it or not.'),
  ...windowFields,
});

/** Throws `input/invalid` with the field's name. */
export function readWanted(input: unknown, nowNanos: bigint): Wanted {
  const parsed = wantedRequest.safeParse(input ?? {});
  if (!parsed.success) throw schemaError(parsed.error);
  const { uuid, from, to } = parsed.data;
  if (uuid !== undefined) {
    const other = Object.keys(parsed.data).find((name) => name !== 'uuid');
    if (other !== undefined)
      throw inputError(`cannot set both uuid and ${other}`, { field: other });
    return { uuid };
  }
  if (!from)
    throw inputError('name a flow by uuid, or both ends by from and to', { field: 'from' });
  if (!to) throw inputError('name a flow by uuid, or both ends by from and to', { field: 'to' });
  const since = parseTime('since', parsed.data.since, nowNanos);
  const until = parseTime('until', parsed.data.until, nowNanos);
  return { from, to, since, until };
}
