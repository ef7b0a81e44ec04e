// Elastic tab stops by the rules of Go's text/tabwriter: a column is as wide as its widest cell among the consecutive
// lines that have it; the last cell of a line belongs to no column.
const MIN_WIDTH = 2;
const PADDING = 3;

/**
 * Aligns tab-separated cells; lines end with a newline. A vertical tab ends a cell too, a form feed ends a line and
 * every column, and so does a line of a single cell.
 */
export function alignColumns(text: string): string {
  let output = '';
  let block: string[][] = [];
  let cells: string[] = [];
  let start = 0;
  const flush = () => {
    output += format(block)
      .map((line) => `${line}\n`)
      .join('');
    block = [];
  };
  for (const match of text.matchAll(/[\t\v\n\f]/g)) {
    cells.push(text.slice(start, match.index));
    start = match.index + 1;
    if (match[0] === '\t' || match[0] === '\v') continue;
    block.push(cells);
    if (match[0] === '\f' || cells.length === 1) flush();
    cells = [];
  }
  flush();
  return output + [...cells, text.slice(start)].join('');
}

function format(lines: readonly (readonly string[])[]): string[] {
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
  const columns = (from: number, to: number) => {
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
      columns(start, at);
      widths.pop();
      start = at;
    }
    write(start, to);
  };
  columns(0, lines.length);
  return output;
}

function runes(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}
