// All routes of the API. Each is declared beside what it answers; here they are only listed.
import type { FastifyInstance } from 'fastify';
import { type AlertRouteDeps, addAlertRoutes } from './alerts.ts';
import { addCatalogueRoutes } from './catalogue.ts';
import { addCompleteRoute } from './complete.ts';
import { addConnectionRoutes, type ConnectionRouteDeps } from './connections.ts';
import { addCoverageRoutes } from './coverage.ts';
import { addDenialRoutes, type DenialRouteDeps } from './denials.ts';
import { addDoctorRoute, type DoctorRouteDeps } from './doctor.ts';
import { addFlowsRoutes } from './flows.ts';
import type { FlowsRouteDeps } from './flows-deps.ts';
import { addIncidentFeedRoutes, type IncidentFeedDeps } from './incident-feed.ts';
import { addOverviewRoutes, type OverviewRouteDeps } from './overview.ts';
import { addTotalsRoutes, type TotalsRouteDeps } from './totals.ts';

export type ApiRouteDeps = FlowsRouteDeps &
  AlertRouteDeps &
  ConnectionRouteDeps &
  DenialRouteDeps &
  IncidentFeedDeps &
  TotalsRouteDeps &
  DoctorRouteDeps &
  OverviewRouteDeps;

export function addApiRoutes(app: FastifyInstance, deps: ApiRouteDeps): void {
  addFlowsRoutes(app, deps);
  addConnectionRoutes(app, deps);
  addDenialRoutes(app, deps);
  addIncidentFeedRoutes(app, deps);
  addAlertRoutes(app, deps);
  addTotalsRoutes(app, deps);
  addCoverageRoutes(app, deps);
  addCatalogueRoutes(app, deps);
  addOverviewRoutes(app, deps);
  addCompleteRoute(app, deps);
  addDoctorRoute(app, deps);
}
