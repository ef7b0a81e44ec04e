// The answers to requests about totals.
import type { z } from 'zod';
import type { Reader } from '../../store/store.ts';
import { queryAggregates } from './aggregates.ts';
import { againstOf, queryCompare } from './compare.ts';
import { dimensionsNamed } from './dimensions.ts';
import {
  type aggregatesInput,
  type compareInput,
  MAX_TOP_DIMENSIONS,
  type mapInput,
  type policiesInput,
  type SharedInput,
  type timeseriesInput,
  type topInput,
  totalsQuery,
} from './input.ts';
import { queryMap } from './map.ts';
import { queryPolicies } from './policies.ts';
import type { TotalsDeps } from './rows.ts';
import { queryTimeseries } from './timeseries.ts';

export interface AnswerDeps extends TotalsDeps {
  readonly nowNanos: bigint;
  /** FlowFilters in one request. */
  readonly maxFilters?: number;
}

export function answerAggregates(
  store: Reader,
  input: z.output<typeof aggregatesInput>,
  deps: AnswerDeps,
) {
  const { by, order, offset, connections } = input;
  const limit = Math.min(input.limit, deps.config.maxGroups);
  const query = { ...queryOf(input, deps), by, order, limit, offset, connections };
  return queryAggregates(store, query, deps);
}

export async function answerTop(store: Reader, input: z.output<typeof topInput>, deps: AnswerDeps) {
  const { by, order, compare } = input;
  const limit = Math.min(input.limit, deps.config.maxGroups);
  const query = { ...queryOf(input, deps), by, order, limit, compare };
  dimensionsNamed('by', by, MAX_TOP_DIMENSIONS);
  return queryAggregates(store, { ...query, offset: 0, connections: false }, deps);
}

export function answerTimeseries(
  store: Reader,
  input: z.output<typeof timeseriesInput>,
  deps: AnswerDeps,
) {
  const { by, measure, step, series } = input;
  return queryTimeseries(store, { ...queryOf(input, deps), by, measure, step, series }, deps);
}

export function answerMap(store: Reader, input: z.output<typeof mapInput>, deps: AnswerDeps) {
  const { level, limit } = input;
  return queryMap(store, { ...queryOf(input, deps), level, limit }, deps);
}

export function answerPolicies(
  store: Reader,
  input: z.output<typeof policiesInput>,
  deps: AnswerDeps,
) {
  return queryPolicies(store, { ...queryOf(input, deps), limit: input.limit }, deps);
}

export function answerCompare(
  store: Reader,
  input: z.output<typeof compareInput>,
  deps: AnswerDeps,
) {
  const { of, measure, ratio, least, limit } = input;
  const query = queryOf(input, deps);
  const against = againstOf(input.against, query, deps.nowNanos);
  return queryCompare(store, { ...query, of, measure, against, ratio, least, limit }, deps);
}

function queryOf(input: SharedInput, { nowNanos, maxFilters }: AnswerDeps) {
  return totalsQuery(input, nowNanos, maxFilters);
}
