import type { Service, ServiceCounts } from '../../query/services/services.ts';
import { HOUR_NS } from '../../runtime/time.ts';
import { type Column, countColumn, type Table, tableOf } from '../output/table.ts';
import { percent } from '../totals/groups.ts';
import type { Report } from './run.ts';

export const SERVICES: Report<Service> = {
  name: 'services',
  about: `Lists services: which backends in which cluster answered whose calls, with the share of each, denials and errors.
Without a window it covers the last hour. Connections are counted as distinct pairs of addresses and ports. A service called
in several clusters is marked global.`,
  path: '/api/v1/services:query',
  table: (services) => serviceTable(services),
  prepare: (options, now) => {
    const open =
      options.since === undefined && options.until === undefined && options.number === 20n;
    return open ? { ...options, number: 0n, since: now - HOUR_NS } : options;
  },
};

interface Route extends ServiceCounts {
  readonly service: Service;
  readonly from: string;
  readonly to: string;
  readonly share: number;
}

function serviceTable(services: readonly Service[]): Table {
  const rows = services.flatMap((service) =>
    service.routes.map((route): Route => ({ ...route, service })),
  );
  const columns: readonly Column<Route>[] = [
    {
      ...{ header: 'SERVICE', shrink: 20 },
      cell: ({ service: { service, global } }) => `${service}${global ? ' (global)' : ''}`,
    },
    { header: 'FROM', cell: ({ from }) => from || 'outside', shrink: 10 },
    { header: 'ANSWERED IN', cell: ({ to }) => to || 'unknown', shrink: 11 },
    { header: 'SHARE', cell: ({ share }) => percent(share), align: 'right', drop: 7 },
    countColumn('CONNECTIONS', ({ connections }) => connections),
    { ...countColumn('ANSWERED', ({ answered }) => answered), drop: 8 },
    countColumn('DENIED', ({ denied }) => denied, 'bad'),
    { ...countColumn('DROPPED', ({ dropped }) => dropped, 'bad'), drop: 6 },
    { ...countColumn('REQUESTS', ({ requests }) => requests), drop: 5 },
    { ...countColumn('5XX', ({ serverErrors }) => serverErrors, 'bad'), drop: 4 },
    { ...countColumn('4XX', ({ clientErrors }) => clientErrors, 'warning'), drop: 3 },
    {
      ...{ header: 'LATENCY', align: 'right', drop: 2 },
      cell: ({ latencyMs }) => (latencyMs === undefined ? '' : `${latencyMs}ms`),
    },
    { header: 'AFFINITY', cell: ({ service, from }) => service.affinity[from] ?? '', drop: 1 },
  ];
  return tableOf(columns, rows);
}
