// All routes of the API. Each is declared beside what it answers; here they are only listed.
import type { FastifyInstance } from 'fastify';
import { addCatalogueRoutes } from './catalogue.ts';
import { addCompleteRoute } from './complete.ts';
import { addConnectionRoutes, type ConnectionRouteDeps } from './connections.ts';
import { addCoverageRoutes } from './coverage.ts';
import { addDoctorRoute, type DoctorRouteDeps } from './doctor.ts';
import { addFlowsRoutes } from './flows.ts';
import type { FlowsRouteDeps } from './flows-deps.ts';
import { addOverviewRoutes, type OverviewRouteDeps } from './overview.ts';

export type ApiRouteDeps = FlowsRouteDeps &
  ConnectionRouteDeps &
  DoctorRouteDeps &
  OverviewRouteDeps;

export function addApiRoutes(app: FastifyInstance, deps: ApiRouteDeps): void {
  addFlowsRoutes(app, deps);
  addConnectionRoutes(app, deps);
  addCoverageRoutes(app, deps);
  addCatalogueRoutes(app, deps);
  addOverviewRoutes(app, deps);
  addCompleteRoute(app, deps);
  addDoctorRoute(app, deps);
}
