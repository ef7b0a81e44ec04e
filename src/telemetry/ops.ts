// The routes every role answers for its operators: alive, ready, metrics.
import type { FastifyInstance } from 'fastify';
import type { HealthReport } from '../runtime/run.ts';

export interface OpsDeps {
  /** State of the whole process, for readiness. */
  readonly health: () => HealthReport;
  /** All metrics in Prometheus text. */
  readonly metrics: () => Promise<string>;
}

const PROMETHEUS_TEXT = 'text/plain; version=0.0.4; charset=utf-8';

export function addOpsRoutes(app: FastifyInstance, { health, metrics }: OpsDeps): void {
  // Alive as long as it answers: a role that waits for Kafka or ClickHouse must not be killed for that.
  app.get('/healthz', async () => ({ state: 'ok' }));
  app.get('/readyz', async (_request, reply) => {
    const report = health();
    if (report.state === 'failed') reply.code(503).header('retry-after', '5');
    return reply.send(report);
  });
  app.get('/metrics', async (_request, reply) =>
    reply.header('content-type', PROMETHEUS_TEXT).send(await metrics()),
  );
}
