// The answers to requests about totals, whoever asks: the HTTP API or a command that opened the store itself.
import type { z } from 'zod';
import type { Reader } from '../../store/store.ts';
import { queryAggregates } from './aggregates.ts';
import { againstOf, queryCompare } from './compare.ts';
import {
  type aggregatesInput,
  type compareInput,
  type mapInput,
  type policiesInput,
  questionOf,
  type timeseriesInput,
  type topInput,
} from './input.ts';
import { queryMap } from './map.ts';
import { queryPolicies } from './policies.ts';
import type { TotalsDeps } from './rows.ts';
import { queryTimeseries } from './timeseries.ts';
import { queryTop } from './top.ts';

export interface AnswerDeps extends TotalsDeps {
  readonly nowNanos: bigint;
  /** FlowFilters in one question. */
  readonly maxFilters?: number;
}

export function answerAggregates(
  store: Reader,
  input: z.output<typeof aggregatesInput>,
  deps: AnswerDeps,
) {
  const { maxGroups } = deps.config;
  const { by, order, limit, offset, connections } = input;
  const question = questionOf(input, deps.nowNanos, deps.maxFilters);
  const page = { order, limit: Math.min(limit, maxGroups), offset, connections };
  return queryAggregates(store, { ...question, by, ...page }, deps);
}

export function answerTop(store: Reader, input: z.output<typeof topInput>, deps: AnswerDeps) {
  const { by, order, limit, compare } = input;
  const question = questionOf(input, deps.nowNanos, deps.maxFilters);
  const most = Math.min(limit, deps.config.maxGroups);
  return queryTop(store, { ...question, by, order, limit: most, compare }, deps);
}

export function answerTimeseries(
  store: Reader,
  input: z.output<typeof timeseriesInput>,
  deps: AnswerDeps,
) {
  const { by, measure, step, series } = input;
  const question = questionOf(input, deps.nowNanos, deps.maxFilters);
  return queryTimeseries(store, { ...question, by, measure, step, series }, deps);
}

export function answerMap(store: Reader, input: z.output<typeof mapInput>, deps: AnswerDeps) {
  const { level, limit } = input;
  return queryMap(
    store,
    { ...questionOf(input, deps.nowNanos, deps.maxFilters), level, limit },
    deps,
  );
}

export function answerPolicies(
  store: Reader,
  input: z.output<typeof policiesInput>,
  deps: AnswerDeps,
) {
  return queryPolicies(
    store,
    { ...questionOf(input, deps.nowNanos, deps.maxFilters), limit: input.limit },
    deps,
  );
}

export function answerCompare(
  store: Reader,
  input: z.output<typeof compareInput>,
  deps: AnswerDeps,
) {
  const { of, measure, ratio, least, limit } = input;
  const question = questionOf(input, deps.nowNanos, deps.maxFilters);
  const against = againstOf(input.against, question, deps.nowNanos);
  return queryCompare(store, { ...question, of, measure, against, ratio, least, limit }, deps);
}
