// Layout `table`. Column widths span the output, so rows are held back until the end, or until there are too many.
import { flowType, host, lostParts, summary, verdict } from './cells.ts';
import { statusLine } from './node-status.ts';
import type { Printer, PrinterParts } from './printer.ts';
import { alignColumns } from './tabwriter.ts';

/** Rows held at once; a longer table starts new widths after this many, rather than take all memory. */
const MAX_ROWS = 1_000_000;

export function tablePrinter(parts: PrinterParts): Printer {
  const { cells, nodeName, out, err } = parts;
  let rows: string[] = [];
  let started = false;
  const flush = () => {
    if (rows.length > 0) out(alignColumns(rows.join('')));
    rows = [];
  };
  const row = (first: string, node: string, rest: readonly string[]) => {
    rows.push(`${[first, ...(nodeName ? [node] : []), ...rest].join('\t')}\n`);
    if (rows.length >= MAX_ROWS) flush();
  };
  const header = () => {
    if (started) return;
    started = true;
    row('TIMESTAMP', 'NODE', ['SOURCE', 'DESTINATION', 'TYPE', 'VERDICT', 'SUMMARY']);
  };
  return {
    print(response) {
      const { flow, lost_events: lost, node_status: status } = response;
      if (flow !== undefined) {
        header();
        row(cells.time(flow.time), cells.colors.visible(flow.node_name ?? ''), [
          host(flow, 'source', cells),
          host(flow, 'destination', cells),
          flowType(flow, cells),
          verdict(flow, cells),
          summary(flow, cells),
        ]);
      } else if (lost !== undefined) {
        header();
        const { source, cpu, count } = lostParts(lost, cells);
        const node = cells.colors.visible(response.node_name || '-');
        row(cells.time(response.time), node, [
          source,
          '-',
          'EVENTS LOST',
          '-',
          `${cpu} - ${count}`,
        ]);
      } else if (status !== undefined && parts.shows(status)) {
        err(statusLine(response, status, cells));
      }
    },
    end: flush,
  };
}
