// How `parallax denials` prints incidents and single denials.
import { stringify } from 'yaml';
import { alignColumns } from '../../hubble/print/tabwriter.ts';
import { timeFormat } from '../../hubble/print/time.ts';
import { parseTimestamp } from '../../hubble/proto/timestamp.ts';
import {
  endText,
  type Incident,
  type IncidentPolicy,
  incidentPolicyText,
  whyText,
} from '../../incident/incident.ts';
import type { ListedIncident } from '../../query/denials/ask.ts';
import type { Denial, DenialEnd } from '../../query/denials/denial.ts';
import type { DenialOptions, DenialOutput } from './options.ts';

type Layout = Pick<DenialOptions, 'output' | 'timeFormat'>;

const HEADER = [
  'FIRST SEEN',
  'LAST SEEN',
  'COUNT',
  'STATE',
  'SOURCE',
  'DESTINATION',
  'PORT',
  'DIRECTION',
  'REASON',
  'POLICY',
  'ID',
];

export function incidentsText(incidents: readonly ListedIncident[], layout: Layout): string {
  return printed(incidents, layout.output, () => {
    const wide = layout.output === 'wide';
    const header = wide ? [...HEADER, 'RATE', 'DENIED IN', 'HOW', 'OTHER SIDE'] : HEADER;
    const rows = incidents.map((each) => incidentCells(each, layout));
    return table([header, ...rows]);
  });
}

function incidentCells(incident: ListedIncident, { output, timeFormat: named }: Layout): string[] {
  const format = timeFormat(named);
  const { id, firstSeen, lastSeen, count, source, destination, direction, policies } = incident;
  const cells = [
    format(parseTimestamp(firstSeen)),
    format(parseTimestamp(lastSeen)),
    String(count),
    stateText(incident),
    endText(source),
    endText(destination),
    portText(incident),
    direction,
    reasonText(incident),
    policiesText(policies),
    id,
  ];
  if (output !== 'wide') return cells;
  const { rate, cluster, otherSide } = incident;
  return [...cells, `${rate}/min`, cluster, whyText(incident), otherSide?.text ?? ''];
}

function stateText({ state, new: isNew }: Incident): string {
  return isNew ? `${state}, new` : state;
}

function portText({ port, protocol }: Pick<Incident, 'port' | 'protocol'>): string {
  return port === 0 ? protocol : `${port}/${protocol}`;
}

/** What audit mode let pass says so beside its reason. */
function reasonText({ verdict, reason, how }: Pick<Denial, 'verdict' | 'reason' | 'how'>): string {
  const word = reason === '' ? (how === 'denied-by-proxy' ? 'L7' : '') : reason;
  return verdict === 'AUDIT' ? ['AUDIT', word].filter(Boolean).join(' ') : word;
}

function policiesText(policies: readonly IncidentPolicy[]): string {
  return policies.length === 0 ? '-' : policies.map(incidentPolicyText).join(', ');
}

const ROWS_HEADER = [
  'TIME',
  'COUNT',
  'SOURCE',
  'DESTINATION',
  'PROTOCOL',
  'DIRECTION',
  'REASON',
  'POLICY',
  'INCIDENT',
  'UUID',
];

export function denialsText(denials: readonly Denial[], layout: Layout): string {
  return printed(denials, layout.output, () => {
    const wide = layout.output === 'wide';
    const header = wide ? [...ROWS_HEADER, 'NODE', 'MATCH', 'REQUEST'] : ROWS_HEADER;
    const format = timeFormat(layout.timeFormat);
    const rows = denials.map((each) => {
      const { count, source, destination, protocol, direction, policies, incident, uuid } = each;
      const cells = [
        format(parseTimestamp(each.time)),
        String(count),
        denialEnd(source),
        denialEnd(destination),
        protocol,
        direction,
        reasonText(each),
        policiesText(policies),
        incident,
        uuid,
      ];
      return wide ? [...cells, each.node, each.match, requestText(each)] : cells;
    });
    return table([header, ...rows]);
  });
}

function denialEnd({ cluster, namespace, pod, text, ip, port }: DenialEnd): string {
  const name = pod === '' ? (text === 'unknown' ? ip : text) : `${namespace}/${pod}`;
  return endText({ cluster, text: port === 0 ? name : `${name}:${port}` });
}

function requestText({ http, dns }: Denial): string {
  if (http !== undefined) return `${http.method} ${http.url}`;
  return dns?.query ?? '';
}

function printed(items: readonly object[], output: DenialOutput, asTable: () => string): string {
  switch (output) {
    case 'json':
      return `${JSON.stringify(items, undefined, 2)}\n`;
    case 'jsonl':
      return items.map((item) => `${JSON.stringify(item)}\n`).join('');
    case 'yaml':
      return stringify(items, { lineWidth: 0, aliasDuplicateObjects: false });
    case 'table':
    case 'wide':
      return items.length === 0 ? '' : asTable();
    default:
      return output satisfies never;
  }
}

function table(rows: readonly (readonly string[])[]): string {
  return alignColumns(rows.map((row) => `${row.map(cell).join('\t')}\n`).join(''));
}

/** Names come from flows: none may end its cell. */
function cell(text: string): string {
  return text.replace(/[\t\n\v\f\r]/g, ' ');
}
