// All routes of the API, grouped by the first word of their path. A group's module is loaded when it is served.
import type { FastifyInstance } from 'fastify';
import type { AlertRouteDeps } from './alerts.ts';
import type { ConnectionRouteDeps } from './connections.ts';
import type { DenialRouteDeps } from './denials.ts';
import type { DoctorRouteDeps } from './doctor.ts';
import type { FlowsRouteDeps } from './flows-deps.ts';
import type { IncidentFeedDeps } from './incident-feed.ts';
import type { OverviewRouteDeps } from './overview.ts';
import type { TotalsRouteDeps } from './totals.ts';

export type ApiRouteDeps = FlowsRouteDeps &
  AlertRouteDeps &
  ConnectionRouteDeps &
  DenialRouteDeps &
  IncidentFeedDeps &
  TotalsRouteDeps &
  DoctorRouteDeps &
  OverviewRouteDeps;

interface RouteGroup {
  /** First words of the paths, below /api/v1/. */
  readonly words: readonly string[];
  readonly load: () => Promise<(app: FastifyInstance, deps: ApiRouteDeps) => void>;
}

const GROUPS: readonly RouteGroup[] = [
  { words: ['flows'], load: async () => (await import('./flows.ts')).addFlowsRoutes },
  {
    words: ['connections', 'services', 'explain'],
    load: async () => (await import('./connections.ts')).addConnectionRoutes,
  },
  {
    words: ['denials', 'incidents'],
    load: async () => (await import('./denials.ts')).addDenialRoutes,
  },
  {
    words: ['incidents'],
    load: async () => (await import('./incident-feed.ts')).addIncidentFeedRoutes,
  },
  { words: ['alerts'], load: async () => (await import('./alerts.ts')).addAlertRoutes },
  {
    words: ['aggregates', 'top', 'timeseries', 'map', 'policies', 'compare'],
    load: async () => (await import('./totals.ts')).addTotalsRoutes,
  },
  { words: ['coverage'], load: async () => (await import('./coverage.ts')).addCoverageRoutes },
  {
    words: ['clusters', 'identities'],
    load: async () => (await import('./catalogue.ts')).addCatalogueRoutes,
  },
  {
    words: ['status', 'nodes', 'namespaces'],
    load: async () => (await import('./overview.ts')).addOverviewRoutes,
  },
  { words: ['complete'], load: async () => (await import('./complete.ts')).addCompleteRoute },
  { words: ['doctor'], load: async () => (await import('./doctor.ts')).addDoctorRoute },
];

/** Adds the routes whose paths begin with `only`; all of them when it is left out. */
export async function addApiRoutes(
  app: FastifyInstance,
  deps: ApiRouteDeps,
  only?: string,
): Promise<void> {
  const served = GROUPS.filter(({ words }) => only === undefined || words.includes(only));
  for (const add of await Promise.all(served.map(({ load }) => load()))) add(app, deps);
}
