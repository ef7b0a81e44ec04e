// What a watch prints, item by item as they come.
import type { Format } from './format.ts';
import { plainText } from './plain-text.ts';
import { jsonText, render, yamlText } from './render.ts';
import type { Screen } from './screen.ts';
import { type Column, type Tone, tableOf, toned } from './table.ts';
import { cut } from './width.ts';

export interface StreamForm<T> {
  /** A line for people, without its end. */
  readonly line: (item: T) => string;
  readonly tone?: (item: T) => Tone | undefined;
  readonly document: (item: T) => unknown;
  /** The columns of CSV. */
  readonly columns: readonly Column<T>[];
}

/** Prints one item at a time: a line, a document, or a CSV record, the first one below its header. */
export function streamPrinter<T>(
  { line, tone, document, columns }: StreamForm<T>,
  format: Format,
  screen: Screen,
): (item: T) => Promise<string> {
  let headed = false;
  return async (item) => {
    switch (format) {
      case 'json':
      case 'ndjson':
        return `${jsonText(document(item))}\n`;
      case 'yaml':
        return `---\n${await yamlText(document(item))}`;
      case 'csv': {
        const table = tableOf(columns, [item]);
        const text = await render({ document: {}, items: [], table }, 'csv', screen);
        const record = headed ? text.slice(text.indexOf('\n') + 1) : text;
        headed = true;
        return record;
      }
      case 'table':
      case 'wide': {
        const text = plainText(line(item));
        const room = format === 'wide' ? undefined : screen.columns;
        return `${toned(room === undefined ? text : cut(text, room), tone?.(item), screen)}\n`;
      }
      default:
        return format satisfies never;
    }
  };
}
