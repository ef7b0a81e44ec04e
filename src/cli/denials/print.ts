// Incidents and single denials as rows and columns.
import { timeFormat } from '../../hubble/print/time.ts';
import { parseTimestamp } from '../../hubble/proto/timestamp.ts';
import { endText, type Incident, incidentPolicyText, whyText } from '../../incident/incident.ts';
import type { ListedIncident } from '../../query/denials/answers.ts';
import type { Denial, DenialEnd } from '../../query/denials/denial.ts';
import type { Screen } from '../output/screen.ts';
import { type StreamForm, streamPrinter } from '../output/stream.ts';
import { type Column, type Table, type Tone, tableOf } from '../output/table.ts';
import type { DenialOptions } from './options.ts';
import type { Change, ChangeKind } from './watch.ts';

const STATE_TONES = { open: 'bad', stale: 'warning', resolved: 'good' } as const;

export function incidentTable(incidents: readonly ListedIncident[], timeLayout: string): Table {
  return tableOf(incidentColumns(timeLayout), incidents);
}

function incidentColumns(timeLayout: string): readonly Column<ListedIncident>[] {
  return [
    { ...timeColumn('FIRST SEEN', timeLayout, ({ firstSeen }) => firstSeen), drop: 1 },
    { ...timeColumn('LAST SEEN', timeLayout, ({ lastSeen }) => lastSeen), drop: 4 },
    { header: 'COUNT', cell: ({ count }) => String(count), align: 'right' },
    { header: 'STATE', cell: stateText, tone: ({ state }) => STATE_TONES[state], drop: 3 },
    { header: 'SOURCE', cell: ({ source }) => endText(source), shrink: 20 },
    { header: 'DESTINATION', cell: ({ destination }) => endText(destination), shrink: 20 },
    { header: 'PORT', cell: portText, drop: 6 },
    { header: 'DIRECTION', cell: ({ direction }) => direction, drop: 2 },
    { header: 'WHY', cell: whyText, shrink: 20, drop: 5 },
    { header: 'ID', cell: ({ id }) => id },
    { header: 'REASON', cell: reasonText, wide: true },
    { header: 'POLICY', cell: policiesText, wide: true },
    {
      header: 'RATE',
      cell: ({ rate }) => `${rate}/min`,
      raw: ({ rate }) => String(rate),
      wide: true,
    },
    { header: 'DENIED IN', cell: ({ cluster }) => cluster, wide: true },
    { header: 'OTHER SIDE', cell: ({ otherSide }) => otherSide?.text ?? '', wide: true },
  ];
}

export function denialTable(denials: readonly Denial[], timeLayout: string): Table {
  const columns: readonly Column<Denial>[] = [
    { ...timeColumn('TIME', timeLayout, ({ time }) => time), drop: 5 },
    { header: 'COUNT', cell: ({ count }) => String(count), align: 'right', drop: 6 },
    { header: 'SOURCE', cell: ({ source }) => denialEnd(source), shrink: 24 },
    { header: 'DESTINATION', cell: ({ destination }) => denialEnd(destination), shrink: 24 },
    { header: 'PROTOCOL', cell: ({ protocol }) => protocol, drop: 3 },
    { header: 'DIRECTION', cell: ({ direction }) => direction, drop: 2 },
    { header: 'REASON', cell: reasonText, tone: ({ verdict }) => toneOf(verdict), drop: 4 },
    { header: 'POLICY', cell: policiesText, shrink: 16, drop: 1 },
    { header: 'INCIDENT', cell: ({ incident }) => incident },
    { header: 'UUID', cell: ({ uuid }) => uuid, drop: 0 },
    { header: 'NODE', cell: ({ node }) => node, wide: true },
    { header: 'MATCH', cell: ({ match }) => match, wide: true },
    { header: 'REQUEST', cell: requestText, wide: true },
  ];
  return tableOf(columns, denials);
}

function timeColumn<R>(header: string, layout: string, time: (row: R) => string): Column<R> {
  const format = timeFormat(layout);
  return { header, cell: (row) => format(parseTimestamp(time(row))), raw: time };
}

function stateText({ state, new: isNew }: Incident): string {
  return isNew ? `${state}, new` : state;
}

function portText({ port, protocol }: Pick<Incident, 'port' | 'protocol'>): string {
  return port === 0 ? protocol : `${port}/${protocol}`;
}

/** Denials of audit mode, whose traffic passed, carry AUDIT beside the reason. */
function reasonText({ verdict, reason, how }: Pick<Denial, 'verdict' | 'reason' | 'how'>): string {
  const word = reason === '' ? (how === 'denied-by-proxy' ? 'L7' : '') : reason;
  return verdict === 'AUDIT' ? ['AUDIT', word].filter(Boolean).join(' ') : word;
}

function toneOf(verdict: Denial['verdict']): Tone {
  return verdict === 'AUDIT' ? 'warning' : 'bad';
}

function policiesText({ policies }: Pick<Incident, 'policies'>): string {
  return policies.map(incidentPolicyText).join(', ');
}

function denialEnd({ cluster, namespace, pod, text, ip, port }: DenialEnd): string {
  const name = pod === '' ? (text === 'unknown' ? ip : text) : `${namespace}/${pod}`;
  return endText({ cluster, text: port === 0 ? name : `${name}:${port}` });
}

function requestText({ http, dns }: Denial): string {
  if (http !== undefined) return `${http.method} ${http.url}`;
  return dns?.query ?? '';
}

const CHANGE_TONES: Readonly<Record<ChangeKind, Tone>> = {
  new: 'bad',
  changed: 'warning',
  resolved: 'good',
};

/** Prints the changes of a watch as they come. */
export function changePrinter(
  { output, timeFormat: layout }: Pick<DenialOptions, 'output' | 'timeFormat'>,
  screen: Screen,
): (change: Change) => Promise<string> {
  const format = timeFormat(layout);
  const columns: readonly Column<Change>[] = [
    { header: 'EVENT', cell: ({ event }) => event },
    ...incidentColumns(layout).map(({ header, cell, raw = cell }) => ({
      header,
      cell: ({ incident }: Change) => raw(incident),
    })),
  ];
  const form: StreamForm<Change> = {
    line: ({ event, incident: { lastSeen, id, text, count } }) =>
      `${format(parseTimestamp(lastSeen))}: ${event.toUpperCase().padEnd(8)} ${id} x${count} ${text}`,
    tone: ({ event }) => CHANGE_TONES[event],
    document: (change) => change,
    columns,
  };
  return streamPrinter(form, output, screen);
}
