// Deliveries as `parallax alert deliveries` prints them.
import type { DeliveryDocument } from '../../incident/delivery.ts';

export function deliveryLines(deliveries: readonly DeliveryDocument[]): string {
  return deliveries.map((each) => `${JSON.stringify(each)}\n`).join('');
}

export function deliveryTable(found: readonly DeliveryDocument[]): string {
  const head = [
    'AT',
    'RECEIVER',
    'STATE',
    'EVENT',
    'INCIDENT',
    'KEY',
    'ATTEMPTS',
    'STATUS',
    'REASON',
  ];
  const rows = found.map((each) => [
    each.at,
    each.receiver,
    each.state,
    each.kind,
    each.incident,
    each.key,
    String(each.attempts),
    String(each.status),
    each.reason,
  ]);
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return `${all.map(line).join('\n')}\n`;
}
