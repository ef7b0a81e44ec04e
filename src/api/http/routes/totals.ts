// Aggregates, top lists, time series, the service map, policies, and comparison of two windows.
import type { FastifyInstance } from 'fastify';
import type { z } from 'zod';
import {
  type AnswerDeps,
  answerAggregates,
  answerCompare,
  answerMap,
  answerPolicies,
  answerTimeseries,
  answerTop,
} from '../../../query/totals/answers.ts';
import { allDimensions } from '../../../query/totals/dimensions.ts';
import {
  aggregatesInput,
  compareInput,
  mapInput,
  policiesInput,
  requestWindow,
  type SharedInput,
  timeseriesInput,
  topInput,
} from '../../../query/totals/input.ts';
import {
  aggregatesOutput,
  compareOutput,
  mapOutput,
  policiesOutput,
  timeseriesOutput,
  topOutput,
} from '../../../query/totals/schema.ts';
import { createTotalsWatermark } from '../../../query/totals/totals-watermark.ts';
import type { ApiConfig } from '../../config.ts';
import { addDocumentRoute, type RouteContext, type RouteDeps } from '../route.ts';

export interface TotalsRouteDeps extends RouteDeps {
  readonly config: RouteDeps['config'] & Pick<ApiConfig, 'totals' | 'maxFilters'>;
}

const COUNTED =
  'Whole five-minute slots are counted from totals when these have the dimensions, the rest from flows, with the same result; `source` reports which.';

// Long because it declares six routes, one after the other.
export function addTotalsRoutes(app: FastifyInstance, deps: TotalsRouteDeps): void {
  const { totals: config, maxFilters } = deps.config;
  const watermark = createTotalsWatermark(deps.store);
  const depsOf = ({
    nowNanos,
    signal,
  }: Pick<RouteContext<unknown>, 'nowNanos' | 'signal'>): AnswerDeps => ({
    config,
    watermark,
    nowNanos,
    signal,
    maxFilters,
  });
  const common = {
    tag: 'totals',
    window: (input: z.output<z.ZodType<SharedInput>>, now: bigint) => requestWindow(input, now),
  };
  const dimensions = [...allDimensions()].map(({ name, doc }) => `- \`${name}\`: ${doc}`);
  addDocumentRoute(app, deps, {
    ...common,
    path: '/api/v1/aggregates',
    summary: 'Flows counted by dimensions',
    description: `Counts the flows of a window by up to six dimensions. Returns the top groups by a measure and the remainder. ${COUNTED}\n\nDimensions:\n${dimensions.join('\n')}`,
    input: aggregatesInput,
    output: aggregatesOutput,
    answer: (asked) => answerAggregates(asked.store, asked.input, depsOf(asked)),
  });
  addDocumentRoute(app, deps, {
    ...common,
    path: '/api/v1/top',
    summary: 'Top values of one or two dimensions',
    description: `The top groups by a measure and, with \`compare\`, their values in the previous window of the same length. The dimensions are those of aggregates. ${COUNTED}`,
    input: topInput,
    output: topOutput,
    answer: (asked) => answerTop(asked.store, asked.input, depsOf(asked)),
  });
  addDocumentRoute(app, deps, {
    ...common,
    path: '/api/v1/timeseries',
    summary: 'Flows over time',
    description: `Flows per step: in total, or the top series of some dimensions and the rest. A step without collection is null, not 0. ${COUNTED}`,
    input: timeseriesInput,
    output: timeseriesOutput,
    answer: (asked) => answerTimeseries(asked.store, asked.input, depsOf(asked)),
  });
  addDocumentRoute(app, deps, {
    ...common,
    path: '/api/v1/map',
    summary: 'The service map',
    description: `Calls from clients to servers between clusters, namespaces or workloads, as the nodes of both ends saw them. ${COUNTED}`,
    input: mapInput,
    output: mapOutput,
    answer: (asked) => answerMap(asked.store, asked.input, depsOf(asked)),
  });
  addDocumentRoute(app, deps, {
    ...common,
    path: '/api/v1/policies',
    summary: 'Policies seen',
    description:
      'Policies named by flows, by observing cluster: what each allowed and denied, how often, and when last. A policy that allowed one side of a dropped flow did not deny it.',
    input: policiesInput,
    output: policiesOutput,
    answer: (asked) => answerPolicies(asked.store, asked.input, depsOf(asked)),
  });
  addDocumentRoute(app, deps, {
    ...common,
    path: '/api/v1/compare',
    summary: 'Two windows compared',
    description: `What is new, gone and changed between two windows, and what each of them covers: what was not collected is not gone. ${COUNTED}`,
    input: compareInput,
    output: compareOutput,
    answer: (asked) => answerCompare(asked.store, asked.input, depsOf(asked)),
  });
}
