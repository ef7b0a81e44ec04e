// Layout `json`: one line of JSON per response.
import { toJsonLine } from '../json/json.ts';
import { Flow, GetFlowsResponse, LostEvent } from '../proto/schema.gen.ts';
import type { Printer, PrinterParts } from './printer.ts';

/** `legacy` prints flows and lost events without their envelope, and nothing else. */
export function jsonPrinter(parts: PrinterParts, legacy: boolean): Printer {
  const { out, err } = parts;
  return {
    print(response) {
      const { flow, lost_events: lost, node_status: status } = response;
      if (legacy && flow !== undefined) out(`${toJsonLine(Flow, flow)}\n`);
      else if (legacy && lost !== undefined) out(`${toJsonLine(LostEvent, lost)}\n`);
      else if (flow !== undefined || lost !== undefined)
        out(`${toJsonLine(GetFlowsResponse, response)}\n`);
      else if (!legacy && status !== undefined && parts.shows(status))
        err(`${toJsonLine(GetFlowsResponse, response)}\n`);
    },
    end() {},
  };
}
