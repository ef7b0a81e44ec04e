// Tables: columns are described once, and are then laid out for the width at hand.
import picocolors from 'picocolors';
import { plainText } from './plain-text.ts';
import type { Screen } from './screen.ts';
import { cut, pad, widthOf } from './width.ts';

export type Tone = 'good' | 'warning' | 'bad' | 'quiet';

export interface Column<R> {
  readonly header: string;
  readonly cell: (row: R) => string;
  /** The cell in CSV, where it differs: times in full, numbers without units. */
  readonly raw?: (row: R) => string;
  /** Shown by `-o wide` and in CSV only. */
  readonly wide?: boolean;
  readonly align?: 'left' | 'right';
  /** The column may be cut down to this many characters where the terminal is narrow. */
  readonly shrink?: number;
  /** Columns with the lowest number are left out first where shrinking does not suffice. */
  readonly drop?: number;
  readonly tone?: (row: R) => Tone | undefined;
  /** Shown where the cell is empty; `-` when left out. */
  readonly empty?: string;
  /** Draws the cell for fewer characters, where cutting its end would be misleading. */
  readonly draw?: (row: R, width: number) => string;
}

interface Cell {
  readonly text: string;
  readonly width: number;
  readonly tone: Tone | undefined;
  readonly draw?: ((width: number) => string) | undefined;
}

type Shape = Omit<Column<never>, 'cell' | 'raw' | 'tone' | 'empty' | 'draw'>;

export interface Table {
  readonly columns: readonly Shape[];
  /** Cells for CSV, as they are. */
  readonly cells: () => readonly (readonly string[])[];
  /** Cells as terminals may see them. */
  readonly shown: () => readonly (readonly Cell[])[];
}

export function tableOf<R>(columns: readonly Column<R>[], rows: readonly R[]): Table {
  return {
    columns,
    cells: () => rows.map((row) => columns.map(({ cell, raw = cell }) => raw(row))),
    shown: () =>
      rows.map((row) =>
        columns.map(({ cell, tone, draw, empty = '-' }) => {
          const text = plainText(cell(row)) || empty;
          return {
            text,
            width: widthOf(text),
            tone: tone?.(row),
            draw: draw && ((width) => draw(row, width)),
          };
        }),
      ),
  };
}

/** A number; toned unless it is 0. */
export function countColumn<R>(header: string, count: (row: R) => number, tone?: Tone): Column<R> {
  return {
    ...{ header, align: 'right' },
    cell: (row) => String(count(row)),
    tone: (row) => (count(row) > 0 ? tone : undefined),
  };
}

const GAP = 3;
const NARROW_GAP = 2;
/** A column that has nothing left to drop around it is cut down to this. */
const LEAST = 4;

/** The table as text, a line a row; '' without rows. `wide` shows all columns in full. */
export function tableText(table: Table, { columns: room, color }: Screen, wide: boolean): string {
  const rows = table.shown();
  if (rows.length === 0) return '';
  const shown = table.columns.flatMap((column, at) =>
    wide || !column.wide ? [{ column, at }] : [],
  );
  const natural = shown.map(({ column, at }) => ({
    ...{ column, at },
    width: rows.reduce((most, row) => Math.max(most, row[at]?.width ?? 0), widthOf(column.header)),
  }));
  const { laid, gap } = wide ? { laid: natural, gap: GAP } : fitted(natural, room);
  const colors = picocolors.createColors(color);
  const line = (text: (place: Placed, last: boolean) => string) =>
    laid
      .map((each, index) => text(each, index === laid.length - 1))
      .join(' '.repeat(gap))
      .trimEnd();
  const header = line(({ column: { header, align = 'left' }, width }, last) =>
    colors.bold(padded(cut(header, width), width, align, last)),
  );
  const body = rows.map((row) =>
    line(({ column: { align = 'left' }, at, width }, last) => {
      const { text, tone, draw, width: own } = row[at] ?? NO_CELL;
      const fit = own <= width ? text : cut(draw ? draw(width) : text, width);
      const cell = padded(fit, width, align, last);
      return toned(cell, tone, { color });
    }),
  );
  return `${[header, ...body].join('\n')}\n`;
}

export function toned(
  text: string,
  tone: Tone | undefined,
  { color }: Pick<Screen, 'color'>,
): string {
  if (tone === undefined || !color) return text;
  const { green, yellow, red, dim } = picocolors.createColors(true);
  return { good: green, warning: yellow, bad: red, quiet: dim }[tone](text);
}

const NO_CELL: Cell = { text: '', width: 0, tone: undefined };

function padded(text: string, width: number, align: 'left' | 'right', last: boolean): string {
  return last && align === 'left' ? text : pad(text, width, align);
}

interface Placed {
  readonly column: Shape;
  readonly at: number;
  readonly width: number;
}

/** Shrinks columns, then leaves some out, until a line fits. */
function fitted(
  natural: readonly Placed[],
  room: number | undefined,
): { laid: readonly Placed[]; gap: number } {
  if (room === undefined || total(natural, GAP) <= room) return { laid: natural, gap: GAP };
  let left = natural;
  for (;;) {
    const laid = shrunk(left, room, ({ shrink }) => shrink);
    if (total(laid, NARROW_GAP) <= room) return { laid, gap: NARROW_GAP };
    const [first] = left
      .filter(({ column }) => column.drop !== undefined)
      .sort((a, b) => (a.column.drop ?? 0) - (b.column.drop ?? 0));
    if (first === undefined) {
      const least = shrunk(laid, room, () => LEAST);
      return { laid: least.slice(0, countFitting(least, room)), gap: NARROW_GAP };
    }
    left = left.filter((each) => each !== first);
  }
}

/** The widest column gives first, each down to its `floor`. */
function shrunk(
  columns: readonly Placed[],
  room: number,
  floor: (column: Shape) => number | undefined,
): readonly Placed[] {
  const widths = columns.map(({ width }) => width);
  for (let over = total(columns, NARROW_GAP) - room; over > 0; over--) {
    let widest = -1;
    for (const [index, { column }] of columns.entries()) {
      const width = widths[index] ?? 0;
      if (width > (floor(column) ?? width) && width > (widths[widest] ?? 0)) widest = index;
    }
    if (widest < 0) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return columns.map((each, index) => ({ ...each, width: widths[index] ?? 0 }));
}

function countFitting(columns: readonly Placed[], room: number): number {
  let count = columns.length;
  while (count > 1 && total(columns.slice(0, count), NARROW_GAP) > room) count--;
  return count;
}

function total(columns: readonly Placed[], gap: number): number {
  return columns.reduce((sum, { width }) => sum + width + gap, -gap);
}
