// Writes responses in one of Hubble's layouts. Node status goes to standard error, everything else to standard output.
import type { GetFlowsResponse, NodeStatusEvent } from '../proto/schema.gen.ts';
import type { CellOptions } from './cells.ts';
import { compactPrinter } from './compact.ts';
import { dictPrinter } from './dict.ts';
import { jsonPrinter } from './json.ts';
import { tablePrinter } from './table.ts';
import { ANSI_COLORS, NO_COLORS } from './text.ts';
import { timeFormat } from './time.ts';

export type Output = 'compact' | 'dict' | 'json' | 'jsonpb' | 'table';

export interface PrinterOptions {
  readonly output: Output;
  readonly nodeName: boolean;
  readonly policyNames: boolean;
  readonly ipTranslation: boolean;
  /** A layout's name; unknown ones mean StampMilli. */
  readonly timeFormat: string;
  readonly color: boolean;
  /** Also print node status that only informs. */
  readonly debug: boolean;
  /** `json` as Hubble before 0.11 wrote it: the bare flow. */
  readonly legacyJson: boolean;
}

export interface Sinks {
  /** Takes whole lines, newline included. */
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

export interface Printer {
  print(response: GetFlowsResponse): void;
  /** Writes what was held back. */
  end(): void;
}

/** Cells, streams and options of a layout. */
export interface PrinterParts extends Sinks {
  readonly cells: CellOptions;
  readonly nodeName: boolean;
  shows(status: NodeStatusEvent): boolean;
}

const OUTPUTS: Readonly<Record<string, Output>> = {
  compact: 'compact',
  dict: 'dict',
  json: 'json',
  JSON: 'json',
  jsonpb: 'jsonpb',
  table: 'table',
  tab: 'table',
};

/** The layout of a name; undefined for an unknown one. */
export function outputNamed(name: string): Output | undefined {
  return Object.hasOwn(OUTPUTS, name) ? OUTPUTS[name] : undefined;
}

const NODE_UNAVAILABLE = 2;
const NODE_ERROR = 4;

export function createPrinter(options: PrinterOptions, sinks: Sinks): Printer {
  const parts: PrinterParts = {
    ...sinks,
    nodeName: options.nodeName,
    cells: {
      time: timeFormat(options.timeFormat),
      colors: options.color && options.output !== 'table' ? ANSI_COLORS : NO_COLORS,
      ipTranslation: options.ipTranslation,
      policyNames: options.policyNames,
    },
    shows: ({ state_change }) =>
      options.debug || state_change === NODE_UNAVAILABLE || state_change === NODE_ERROR,
  };
  switch (options.output) {
    case 'compact':
      return compactPrinter(parts);
    case 'dict':
      return dictPrinter(parts);
    case 'table':
      return tablePrinter(parts);
    case 'json':
    case 'jsonpb':
      return jsonPrinter(parts, options.legacyJson && options.output === 'json');
    default:
      return options.output satisfies never;
  }
}
