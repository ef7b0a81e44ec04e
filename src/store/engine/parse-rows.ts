// JSONCompactEachRow text to row arrays, some hundred at a time: a chunk can hold tens of thousands of rows.
const SLICE = 256 * 1024;

/** Rows of text that ends with a whole row. Values never hold a raw newline, so one newline is one row. */
export function* parseRows(text: string): Generator<readonly unknown[]> {
  let from = 0;
  while (from < text.length) {
    let to = text.indexOf('\n', Math.min(from + SLICE, text.length));
    if (to === -1) to = text.length;
    const slice = text.slice(from, to).trimEnd();
    if (slice !== '') yield* parseLines(slice);
    from = to + 1;
  }
}

function parseLines(lines: string): readonly (readonly unknown[])[] {
  // JSONCompactEachRow writes one array a line.
  return JSON.parse(`[${lines.replaceAll('\n', ',')}]`) as readonly (readonly unknown[])[];
}
