// Layout `compact`: one line per flow; replies are printed reversed, so that the client stays on the left.
import type { Flow } from '../proto/schema.gen.ts';
import {
  type CellOptions,
  flowType,
  host,
  identity,
  lostParts,
  summary,
  verdict,
} from './cells.ts';
import { statusLine } from './node-status.ts';
import type { Printer, PrinterParts } from './printer.ts';

export function compactPrinter(parts: PrinterParts): Printer {
  const { cells, out, err } = parts;
  return {
    print(response) {
      const { flow, lost_events: lost, node_status: status } = response;
      if (flow !== undefined) {
        const node = parts.nodeName ? ` [${cells.colors.visible(flow.node_name ?? '')}]` : '';
        out(`${cells.time(flow.time)}${node}: ${flowLine(flow, cells)}\n`);
      } else if (lost !== undefined) {
        const { source, cpu, count } = lostParts(lost, cells);
        out(`${cells.time(response.time)} EVENTS LOST: ${source} ${cpu} ${count}\n`);
      } else if (status !== undefined && parts.shows(status)) {
        err(statusLine(response, status, cells));
      }
    },
    end() {},
  };
}

function flowLine(flow: Flow, cells: CellOptions): string {
  const source = `${host(flow, 'source', cells)} ${identity(flow.source, cells)}`;
  const destination = `${host(flow, 'destination', cells)} ${identity(flow.destination, cells)}`;
  const ends =
    flow.is_reply === undefined
      ? `${source} <> ${destination}`
      : flow.is_reply
        ? `${destination} <- ${source}`
        : `${source} -> ${destination}`;
  return `${ends} ${flowType(flow, cells)} ${verdict(flow, cells)} (${summary(flow, cells)})`;
}
