// Problems of an expression in cel-go's layout: position, message, source line, mark under the column.
/** A position that is no position: problems of the expression as a whole. */
export const NOWHERE = -1;

/** Beyond these, problems are counted but not shown. */
const MAX_ISSUES = 100;

interface Issue {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** An expression as code points, and what is wrong with it. */
export class Source {
  readonly points: readonly string[];
  private readonly lines: readonly string[];
  private readonly issues: Issue[] = [];
  private count = 0;

  constructor(text: string) {
    this.points = [...text];
    this.lines = text.split('\n');
  }

  get failed(): boolean {
    return this.count > 0;
  }

  /** `at` counts code points from the beginning. */
  report(at: number, message: string): void {
    if (++this.count > MAX_ISSUES) return;
    this.issues.push({ ...this.place(at), message });
  }

  slice(from: number, to: number): string {
    return this.points.slice(from, to).join('');
  }

  private place(at: number): { readonly line: number; readonly column: number } {
    if (at === NOWHERE) return { line: -1, column: -1 };
    if (this.points.length === 0) return { line: 1, column: -1 };
    let line = 1;
    let start = 0;
    for (let index = 0; index < at; index++) {
      if (this.points[index] !== '\n') continue;
      line++;
      start = index + 1;
    }
    return { line, column: at - start };
  }

  /** All of it as text, in order of place. */
  describe(): string {
    const sorted = [...this.issues].sort((a, b) => a.line - b.line || a.column - b.column);
    const texts = sorted.map((issue) => this.show(issue));
    if (this.count > MAX_ISSUES)
      texts.push(`${this.count - MAX_ISSUES} more errors were truncated`);
    return texts.join('\n');
  }

  private show({ line, column, message }: Issue): string {
    const head = `ERROR: <input>:${line}:${column + 1}: ${message}`;
    const text = this.points.length === 0 ? undefined : this.lines[line - 1];
    if (text === undefined) return head;
    const points = [...text];
    const dots = points.slice(0, Math.max(column, 0)).map((point) => (isWide(point) ? '．' : '.'));
    const mark = isWide(points[Math.max(column, 0)] ?? '') ? '＾' : '^';
    return `${head}\n | ${text.replaceAll('\t', ' ')}\n | ${dots.join('')}${mark}`;
  }
}

function isWide(point: string): boolean {
  return (point.codePointAt(0) ?? 0) > 0x7f;
}
