// Deliveries as rows and columns.
import type { DeliveryDocument } from '../../incident/delivery.ts';
import type { Answer } from '../output/render.ts';
import { type Column, tableOf } from '../output/table.ts';

const TONES = { delivered: 'good', dead: 'bad', again: 'warning' } as const;

const COLUMNS: readonly Column<DeliveryDocument>[] = [
  { header: 'AT', cell: ({ at }) => at, drop: 4 },
  { header: 'RECEIVER', cell: ({ receiver }) => receiver, shrink: 10 },
  { header: 'STATE', cell: ({ state }) => state, tone: ({ state }) => TONES[state] },
  { header: 'EVENT', cell: ({ kind }) => kind, drop: 5 },
  { header: 'INCIDENT', cell: ({ incident }) => incident, drop: 3 },
  { header: 'KEY', cell: ({ key }) => key },
  { header: 'ATTEMPTS', cell: ({ attempts }) => String(attempts), align: 'right', drop: 1 },
  { header: 'STATUS', cell: ({ status }) => String(status), align: 'right', drop: 2 },
  { header: 'REASON', cell: ({ reason }) => reason, shrink: 12, drop: 6 },
];

export function deliveriesAnswer(deliveries: readonly DeliveryDocument[]): Answer {
  return { document: { deliveries }, items: deliveries, table: tableOf(COLUMNS, deliveries) };
}
