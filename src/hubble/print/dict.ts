// Layout `dict`: blocks of `KEY: value` lines.
import { flowType, host, lostParts, summary, verdict } from './cells.ts';
import { statusFields } from './node-status.ts';
import type { Printer, PrinterParts } from './printer.ts';

const RULE = '------------\n';

export function dictPrinter(parts: PrinterParts): Printer {
  const { cells, out, err } = parts;
  let blocks = 0;
  const block = (sink: (text: string) => void, fields: readonly (readonly [string, string])[]) => {
    const lines = fields.map(([key, value]) => `${key.padStart(11)}: ${value}\n`);
    sink((blocks++ === 0 ? '' : RULE) + lines.join(''));
  };
  return {
    print(response) {
      const { flow, lost_events: lost, node_status: status } = response;
      if (flow !== undefined) {
        block(out, [
          ['TIMESTAMP', cells.time(flow.time)],
          ...node(parts, flow.node_name ?? ''),
          ['SOURCE', host(flow, 'source', cells)],
          ['DESTINATION', host(flow, 'destination', cells)],
          ['TYPE', flowType(flow, cells)],
          ['VERDICT', verdict(flow, cells)],
          ['SUMMARY', summary(flow, cells)],
        ]);
      } else if (lost !== undefined) {
        const { source, cpu, count } = lostParts(lost, cells);
        block(out, [
          ['TIMESTAMP', cells.time(response.time)],
          ...node(parts, response.node_name || '-'),
          ['SOURCE', source],
          ['TYPE', 'EVENTS LOST'],
          ['VERDICT', '-'],
          ['SUMMARY', `${cpu} - ${count}`],
        ]);
      } else if (status !== undefined && parts.shows(status)) {
        block(err, statusFields(response, status, cells));
      }
    },
    end() {},
  };
}

function node({ nodeName, cells }: PrinterParts, name: string): [string, string][] {
  return nodeName ? [['NODE', cells.colors.visible(name)]] : [];
}
