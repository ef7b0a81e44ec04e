// One answer in every format: a command hands over its document and its rows and columns.

import type { Format } from './format.ts';
import { hasControls, plainLines } from './plain-text.ts';
import type { Screen } from './screen.ts';
import { type Table, tableText } from './table.ts';
import { wrap } from './width.ts';

export interface Answer {
  /** As the API returns it: json and yaml. */
  readonly document: unknown;
  /** One line of ndjson each. */
  readonly items: readonly unknown[];
  readonly table: Table;
  /** Where CSV has other rows than the table. */
  readonly csv?: Table;
  /** Lines above and below the table. */
  readonly above?: Text;
  readonly below?: Text;
  /** Lines in place of the table. */
  readonly text?: Text;
}

/** Prose, or a function that lays it out and has made it safe for terminals. */
export type Text = string | ((screen: Screen) => string);

export async function render(answer: Answer, format: Format, screen: Screen): Promise<string> {
  switch (format) {
    case 'table':
    case 'wide':
      if (answer.text !== undefined) return prose(answer.text, screen);
      return (
        prose(answer.above, screen) +
        tableText(answer.table, screen, format === 'wide') +
        prose(answer.below, screen)
      );
    case 'json':
      return `${jsonText(answer.document, 2)}\n`;
    case 'ndjson':
      return answer.items.map((item) => `${jsonText(item)}\n`).join('');
    case 'csv':
      return csvText(answer.csv ?? answer.table, screen);
    case 'yaml':
      return yamlText(answer.document);
    default:
      return format satisfies never;
  }
}

/** Sentences, wrapped at the width of the terminal. */
function prose(text: Text = '', screen: Screen): string {
  return typeof text === 'string' ? wrap(plainLines(text), screen.columns) : text(screen);
}

export function jsonText(value: unknown, indent?: number): string {
  return plainLines(JSON.stringify(value, undefined, indent) ?? 'null');
}

export async function yamlText(value: unknown): Promise<string> {
  const { Document, visit } = await import('yaml');
  const document = new Document(value, { aliasDuplicateObjects: false });
  visit(document, {
    Scalar(_, node) {
      if (typeof node.value === 'string' && hasControls(node.value)) node.type = 'QUOTE_DOUBLE';
    },
  });
  return plainLines(document.toString({ lineWidth: 0 }));
}

/** RFC 4180. */
async function csvText({ columns, cells }: Table, { columns: terminal }: Screen): Promise<string> {
  const { stringify } = await import('csv-stringify/sync');
  const cell = (text: string) => formulaSafe(terminal === undefined ? text : plainLines(text));
  const rows = [columns.map(({ header }) => header), ...cells()];
  return stringify(
    rows.map((row) => row.map(cell)),
    { record_delimiter: 'windows' },
  );
}

/** A cell that a spreadsheet would run as a formula becomes text; negative numbers stay numbers. */
function formulaSafe(cell: string): string {
  return /^[=+@\t\r]|^-(?!\d)/.test(cell) ? `'${cell}` : cell;
}
