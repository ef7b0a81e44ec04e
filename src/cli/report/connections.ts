import { timeFormat } from '../../hubble/print/time.ts';
import { parseTimestamp } from '../../hubble/proto/timestamp.ts';
import type { Connection, ConnectionEnd, Outcome } from '../../query/connections/connection.ts';
import { policyText, type View } from '../../query/connections/view.ts';
import { decisionOf } from '../../query/explain/decision.ts';
import type { ObserveOptions } from '../observe/options.ts';
import { type Column, type Table, type Tone, tableOf } from '../output/table.ts';
import type { Report, ReportAnswer } from './run.ts';

export const CONNECTIONS: Report<Connection> = {
  name: 'connections',
  about: `Lists connections: what both nodes, in both clusters, saw of one is in one line. A connection is listed, whole, when any
of its flows matches the filters and lies in the window. --last and --first count connections by their latest and earliest
such flow.`,
  path: '/api/v1/connections:query',
  fromFile,
  table: connectionTable,
};

function connectionTable(
  connections: readonly Connection[],
  { printer: { timeFormat: layout, ipTranslation } }: ObserveOptions,
): Table {
  const format = timeFormat(layout);
  const columns: readonly Column<Connection>[] = [
    {
      ...{ header: 'FIRST SEEN', drop: 1 },
      cell: ({ first }) => format(parseTimestamp(first)),
      raw: ({ first }) => first,
    },
    { header: 'CLIENT', cell: ({ client }) => endCell(client, ipTranslation), shrink: 20 },
    { header: 'SERVER', cell: ({ server }) => endCell(server, ipTranslation), shrink: 20 },
    { header: 'PROTOCOL', cell: ({ protocol }) => protocol, drop: 2 },
    { header: 'SOURCE SAW', cell: (each) => viewCell(each, 'source'), shrink: 12, drop: 4 },
    {
      header: 'DESTINATION SAW',
      cell: (each) => viewCell(each, 'destination'),
      shrink: 15,
      drop: 5,
    },
    { header: 'OUTCOME', cell: ({ outcome }) => outcome, tone: ({ outcome }) => TONES[outcome] },
    { header: 'FLOWS', cell: ({ flows }) => String(flows), align: 'right', drop: 3 },
    { header: 'DETAILS', cell: details, shrink: 16, drop: 6 },
    { header: 'LAST SEEN', cell: ({ last }) => format(parseTimestamp(last)), wide: true },
    { header: 'UUID', cell: ({ uuid }) => uuid, wide: true },
  ];
  return tableOf(columns, connections);
}

const TONES: Readonly<Record<Outcome, Tone | undefined>> = {
  forwarded: 'good',
  denied: 'bad',
  dropped: 'bad',
  error: 'bad',
  partly: 'warning',
  audited: 'warning',
  unknown: undefined,
};

function endCell({ namespace, pod, names, ip, port, cluster }: ConnectionEnd, translated: boolean) {
  const name =
    !translated || (pod === '' && names.length === 0)
      ? ip
      : pod === ''
        ? names[0]
        : `${namespace}/${pod}`;
  return `${name}${port === 0 ? '' : `:${port}`}${cluster === '' ? '' : ` (${cluster})`}`;
}

function viewCell(connection: Connection, side: 'source' | 'destination'): string {
  const view = connection[side];
  if (view === undefined) return connection.missing[side]?.reason ?? '-';
  const drop = view.drops.map(({ reason, count }) => `${reason} x${count}`).join(', ');
  return drop === '' ? view.verdict : `${view.verdict} (${drop})`;
}

function details(connection: Connection): string {
  const { source, destination, l7 } = connection;
  const policies = (title: string, pick: (view: View) => View['deniedBy']) => {
    const all = [source, destination].flatMap((view) => (view ? pick(view) : []));
    return all.length === 0 ? [] : [`${title} ${all.map(policyText).join(', ')}`];
  };
  const seen = l7 && [
    l7.protocol,
    ...Object.keys(l7.methods),
    ...Object.entries(l7.codes).map(([code, count]) => (count === 1 ? code : `${code} x${count}`)),
    ...l7.queries,
    ...(l7.latency ? [`${l7.latency.mean}ms`] : []),
  ];
  const byDefault = decisionOf(connection)?.how === 'default-deny';
  return [
    ...(byDefault ? ['default deny'] : []),
    ...policies('denied by', ({ deniedBy }) => deniedBy),
    ...policies('allowed by', ({ allowedBy }) => allowedBy),
    ...(seen ? [seen.join(' ')] : []),
  ].join('; ');
}

async function fromFile(path: string, options: ObserveOptions): Promise<ReportAnswer<Connection>> {
  const [{ connectionsOf }, { connectionsConfig }, { fileResponses }] = await Promise.all([
    import('../../query/connections/from-responses.ts'),
    import('../../query/connections/config.ts'),
    import('../observe/input-file.ts'),
  ]);
  const notices: string[] = [];
  const warn = (message: string) => notices.push(`${path}: ${message}`);
  const responses = fileResponses(path, process.stdin, warn);
  const items = await connectionsOf(responses, options, connectionsConfig.parse({}));
  return { items, notices };
}
