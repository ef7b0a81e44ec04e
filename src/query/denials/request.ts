// The parameters of requests about denials.

import { z } from 'zod';
import { incidentNumber } from '../../incident/incident.ts';
import { inputError, type ParallaxError } from '../../runtime/errors.ts';
import { msToNs } from '../../runtime/time.ts';
import type { TimeRange } from '../read/range.ts';
import {
  filterFields,
  filtersOf,
  flagField,
  limitField,
  listField,
  parseTime,
  windowFields,
} from '../request/fields.ts';
import type { DenialsRequest, IncidentsRequest } from './answers.ts';
import type { DenialsConfig } from './config.ts';
import { cursorParts } from './cursor.ts';

const STANDARD_LIMIT = 100;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const chosen = (config: DenialsConfig) => ({
  ...windowFields,
  all: flagField.optional().describe('All stored denials, instead of the default window.'),
  ...filterFields,
  policy: listField
    .optional()
    .describe(
      'Denying policies: `name`, `namespace/name`, `Kind namespace/name`, or `none` where none is named.',
    ),
  'denied-in': listField.optional().describe('Keys of denying clusters.'),
  incident: listField.optional().describe('Ids of incidents.'),
  stream: z
    .enum(['dropped', 'audit', 'all'])
    .optional()
    .describe(
      '`dropped`, `audit` (forwarded in audit mode) or `all`. Default: the verdicts of the filters, else `dropped`.',
    ),
  limit: limitField(config.maxRows, Math.min(STANDARD_LIMIT, config.maxRows)).describe(
    'Maximum number.',
  ),
  cursor: z
    .string()
    .max(200)
    .optional()
    .describe('`next` of the page before; all other parameters as in that request.'),
});

export function denialsInput(config: DenialsConfig) {
  return z.strictObject(chosen(config));
}

export function incidentsInput(config: DenialsConfig) {
  return z.strictObject({
    ...chosen(config),
    state: z.enum(['open', 'resolved', 'stale', 'all']).default('all'),
    'new-since': windowFields.since.describe(
      'Only incidents first seen since then; in the form of `since`.',
    ),
    sort: z
      .enum(['last', 'first', 'count'])
      .default('last')
      .describe('Time last or first seen, the latest first, or number of denials.'),
    details: flagField.optional().describe('Adds what the cluster at the other end saw of each.'),
  });
}

export const incidentInput = z.strictObject({ ...windowFields });
export const suggestionInput = z.strictObject({
  ...windowFields,
  kind: z
    .enum(['CiliumNetworkPolicy', 'CiliumClusterwideNetworkPolicy'])
    .optional()
    .describe('Kind of the policy; policies for nodes are always clusterwide.'),
});

type DenialsInput = z.output<ReturnType<typeof denialsInput>>;
type IncidentsInput = z.output<ReturnType<typeof incidentsInput>>;

interface Limits {
  readonly config: DenialsConfig;
  readonly maxFilters: number;
  readonly nowNanos: bigint;
}

/** Throws `input/invalid` with the field's name. */
export function readDenialsRequest(input: DenialsInput, limits: Limits): DenialsRequest {
  const cursor = cursorOf(input.cursor);
  const [time = '', uuid = ''] = cursor?.parts ?? [];
  if (cursor !== undefined && !UUID.test(uuid)) throw noCursor();
  return {
    ...chosenBy(input, limits),
    ...(cursor && { ...cursor.window, after: { time: BigInt(time), uuid } }),
  };
}

/** Throws `input/invalid` with the field's name. */
export function readIncidentsRequest(input: IncidentsInput, limits: Limits): IncidentsRequest {
  const cursor = cursorOf(input.cursor);
  const { state, sort, details } = input;
  const [value = '', incident = ''] = cursor?.parts ?? [];
  if (cursor !== undefined && !/^\d{1,20}$/.test(incident)) throw noCursor();
  return {
    ...chosenBy(input, limits),
    state,
    sort,
    details: details ?? false,
    newSince: parseTime('new-since', input['new-since'], limits.nowNanos),
    ...(cursor && {
      ...cursor.window,
      after: { value: BigInt(value), incident: BigInt(incident) },
    }),
  };
}

function chosenBy(input: DenialsInput, { config, maxFilters, nowNanos }: Limits) {
  const { policy, incident, stream, limit, all } = input;
  return {
    ...filtersOf(input, maxFilters),
    ...windowOf(input, { config, nowNanos, all: all ?? false }),
    policies: policy ?? [],
    clusters: input['denied-in'] ?? [],
    ids: incident === undefined ? undefined : incidentIds(incident),
    stream,
    limit,
  };
}

/** Without a beginning it is that of the configuration; without an end it is open. */
function windowOf(
  input: { readonly since?: string | undefined; readonly until?: string | undefined },
  { config, nowNanos, all }: Pick<Limits, 'config' | 'nowNanos'> & { readonly all: boolean },
): TimeRange {
  const range = {
    since: parseTime('since', input.since, nowNanos),
    until: parseTime('until', input.until, nowNanos),
  };
  const { until } = range;
  const start = all ? undefined : (until ?? nowNanos) - msToNs(config.window);
  const since = range.since ?? start;
  if (since !== undefined && until !== undefined && since >= until)
    throw inputError(
      'since: must be before until; both are times such as 30m or 2026-03-14T10:00:00Z',
      { field: 'since' },
    );
  return { since, until };
}

function cursorOf(text: string | undefined) {
  if (text === undefined) return undefined;
  const cursor = cursorParts(text);
  if (cursor === undefined || cursor.parts[0] === '') throw noCursor();
  return cursor;
}

function noCursor(): ParallaxError {
  return inputError('cursor: is not the `next` of a page of this question', { field: 'cursor' });
}

/** Throws `input/invalid` for what is no incident's id. */
export function incidentIds(texts: readonly string[]): bigint[] {
  return texts.map((text) => {
    const id = incidentNumber(text);
    if (id === undefined)
      throw inputError(
        `${JSON.stringify(text)} is no incident's id; they have 16 hex digits, as \`parallax denials\` lists them`,
        { field: 'incident' },
      );
    return id;
  });
}
