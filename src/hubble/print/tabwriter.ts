// Elastic tab stops, by the rules of Go's text/tabwriter: a column is as wide as its widest cell among the consecutive
// lines that have it, and the last cell of a line belongs to no column.

const MIN_WIDTH = 2;
const PADDING = 3;

/** Aligns tab-separated cells; lines end with a newline. */
export function alignColumns(text: string): string {
  const lines = text.split('\n').map((line) => line.split('\t'));
  const widths: number[] = [];
  const output: string[] = [];
  const write = (from: number, to: number) => {
    for (const line of lines.slice(from, to)) {
      let padded = '';
      for (const [column, cell] of line.entries()) {
        padded += cell;
        const width = widths[column];
        if (width !== undefined) padded += ' '.repeat(Math.max(0, width - runes(cell)));
      }
      output.push(padded);
    }
  };
  const format = (from: number, to: number) => {
    const column = widths.length;
    let start = from;
    for (let at = from; at < to; at++) {
      if (column >= (lines[at]?.length ?? 0) - 1) continue;
      write(start, at);
      start = at;
      let width = MIN_WIDTH;
      for (; at < to; at++) {
        const line = lines[at] ?? [];
        if (column >= line.length - 1) break;
        width = Math.max(width, runes(line[column] ?? '') + PADDING);
      }
      widths.push(width);
      format(start, at);
      widths.pop();
      start = at;
    }
    write(start, to);
  };
  format(0, lines.length);
  return output.join('\n');
}

function runes(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}
