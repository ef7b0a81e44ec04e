// `parallax services`: what its table looks like and whom it asks.
import { alignColumns } from '../../hubble/print/tabwriter.ts';
import type { Service, ServiceCounts } from '../../query/services/services.ts';
import { bodyOf } from '../observe/client.ts';
import type { ObserveOptions } from '../observe/options.ts';
import { askReport, readItems } from './ask.ts';
import type { Report, ReportAnswer } from './run.ts';

const HOUR = 3_600_000_000_000n;

export const SERVICES: Report<Service> = {
  name: 'services',
  usage: `Shows services: which backends in which cluster answered whose calls, and in which share; denials
and errors. Without a window, the last hour. Connections are counted as distinct pairs of addresses
and ports. A service called in several clusters is shown as global.
`,
  files: false,
  table: (services) => serviceTable(services),
  prepare: (options, now) => {
    const open =
      options.since === undefined && options.until === undefined && options.number === 20n;
    return open ? { ...options, number: 0n, since: now - HOUR } : options;
  },
};

const HEADER = [
  'SERVICE',
  'FROM',
  'ANSWERED IN',
  'SHARE',
  'CONNECTIONS',
  'ANSWERED',
  'DENIED',
  'DROPPED',
  'REQUESTS',
  '5XX',
  '4XX',
  'LATENCY',
  'AFFINITY',
];

function serviceTable(services: readonly Service[]): string {
  const rows = services.flatMap(({ service, global, routes, affinity }) =>
    routes.map(({ from, to, share, ...counts }, index) => [
      index > 0 ? '' : `${service}${global ? ' (global)' : ''}`,
      from === '' ? 'outside' : from,
      to === '' ? 'unknown' : to,
      `${(share * 100).toFixed(1)}%`,
      ...countCells(counts),
      affinity[from] ?? '',
    ]),
  );
  return alignColumns([HEADER, ...rows].map((row) => `${row.join('\t')}\n`).join(''));
}

function countCells(counts: ServiceCounts): string[] {
  const { connections, answered, denied, dropped, requests, serverErrors, clientErrors } = counts;
  const { latencyMs } = counts;
  return [
    ...[connections, answered, denied, dropped, requests, serverErrors, clientErrors].map(String),
    latencyMs === undefined ? '' : `${latencyMs}ms`,
  ];
}

export function askServices(
  options: ObserveOptions,
  signal: AbortSignal,
): Promise<ReportAnswer<Service>> {
  return askReport(
    {
      target: options.target,
      access: options,
      path: '/api/v1/services:query',
      body: bodyOf(options),
      read: (answer) => readItems(answer, 'services', isService),
      fromStore: async (store, config) => {
        const [{ queryServices }, { noticesFor }] = await Promise.all([
          import('../../query/services/services.ts'),
          import('../../query/flows/notices.ts'),
        ]);
        const items = await queryServices(store, options, config.connections, signal);
        const query = { ...options, events: 'matching' } as const;
        return { items, notices: await noticesFor(store, query, BigInt(items.length), signal) };
      },
    },
    signal,
  );
}

function isService(value: object): value is Service {
  return 'service' in value && 'routes' in value;
}
