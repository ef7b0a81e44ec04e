// Reads the first record of comma-separated values as Go's encoding/csv does, with its errors: pflag reads lists this way.
import { inputError } from '../../runtime/errors.ts';

/** The fields; none of an empty text. Throws `input/invalid`. */
export function csvFields(text: string): string[] {
  return text === '' ? [] : new Reader(text).record();
}

class Reader {
  private readonly lines: string[];
  private line: string;
  private number = 1;
  private column = 1;

  constructor(text: string) {
    // Every line keeps its end, which may be missing from the last.
    const ends = text.replace(/\r$/, '').replaceAll('\r\n', '\n');
    this.lines = ends.match(/[^\n]*\n|[^\n]+$/g) ?? [];
    this.line = this.lines.shift() ?? '';
  }

  record(): string[] {
    while (this.line === '\n') {
      this.line = this.lines.shift() ?? '';
      this.number++;
    }
    if (this.line === '') throw inputError('EOF');
    const start = this.number;
    const fields: string[] = [];
    do fields.push(this.line.startsWith('"') ? this.quotedField(start) : this.bareField());
    while (this.ended());
    return fields;
  }

  /** Passes over the comma behind a field; false when the record is over. */
  private ended(): boolean {
    if (!this.line.startsWith(',')) return false;
    this.pass(1);
    return true;
  }

  private bareField(): string {
    const field = /^[^,\n]*/.exec(this.line)?.[0] ?? '';
    const quote = field.indexOf('"');
    if (quote >= 0) {
      this.pass(quote);
      throw this.refused(this.number, 'bare " in non-quoted-field');
    }
    this.pass(field.length);
    return field;
  }

  private quotedField(start: number): string {
    let field = '';
    this.pass(1);
    for (;;) {
      const quote = this.line.indexOf('"');
      if (quote < 0) {
        field += this.line;
        this.pass(this.line.length);
        const next = this.lines.shift();
        if (next === undefined) throw this.refused(start, WRONG_QUOTE);
        this.line = next;
        this.number++;
        this.column = 1;
        continue;
      }
      field += this.line.slice(0, quote);
      this.pass(quote + 1);
      if (this.line.startsWith('"')) {
        field += '"';
        this.pass(1);
      } else if (/^(,|\n?$)/.test(this.line)) {
        return field;
      } else {
        this.column--;
        throw this.refused(start, WRONG_QUOTE);
      }
    }
  }

  /** Columns are counted in bytes. */
  private pass(chars: number): void {
    this.column += Buffer.byteLength(this.line.slice(0, chars));
    this.line = this.line.slice(chars);
  }

  private refused(start: number, why: string) {
    const from = start === this.number ? '' : `record on line ${start}; `;
    return inputError(`${from}parse error on line ${this.number}, column ${this.column}: ${why}`);
  }
}

const WRONG_QUOTE = 'extraneous or missing " in quoted-field';
