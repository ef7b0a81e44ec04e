// Text measured in columns of a terminal: wide characters take two, combining marks none.
import stringWidth from 'string-width';

const ASCII = /^[\x20-\x7e]*$/;
const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

export function widthOf(text: string): number {
  return ASCII.test(text) ? text.length : stringWidth(text);
}

/** At most `width` columns; what is cut off is marked with `…`. */
export function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let kept = '';
  let used = 0;
  for (const { segment } of segmenter.segment(text)) {
    used += widthOf(segment);
    if (used > width - 1) break;
    kept += segment;
  }
  return width > 0 ? `${kept}…` : '';
}

export function pad(text: string, width: number, align: 'left' | 'right'): string {
  const space = ' '.repeat(Math.max(0, width - widthOf(text)));
  return align === 'left' ? text + space : space + text;
}

/** Breaks prose between words; continued lines keep the indentation of their paragraph. */
export function wrap(text: string, width: number | undefined): string {
  if (width === undefined) return text;
  return text
    .split('\n')
    .map((line) => wrapLine(line, width))
    .join('\n');
}

function wrapLine(line: string, width: number): string {
  if (widthOf(line) <= width) return line;
  const indent = /^(?:\s+\w+: +|\s*(?:[-!] )?)/.exec(line)?.[0] ?? '';
  const hanging = ' '.repeat(Math.min(indent.length, width >> 1));
  const lines: string[] = [];
  let current = indent;
  let empty = true;
  for (const word of line.slice(indent.length).split(' ')) {
    const next = empty ? current + word : `${current} ${word}`;
    if (!empty && widthOf(next) > width) {
      lines.push(current);
      current = hanging + word;
    } else {
      current = next;
    }
    empty = false;
  }
  return [...lines, current].join('\n');
}
