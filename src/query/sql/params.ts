// Values of a statement. They never become part of its text: each is handed to the engine as a typed parameter.
import type { QueryParams } from '../../store/store.ts';

type Value = QueryParams[string];

export class Params {
  private readonly values: Record<string, Value> = {};
  private count = 0;

  /** Takes a value and gives the placeholder that stands for it, such as `{p1:String}`. */
  add(value: Value, type: string): string {
    const name = `p${++this.count}`;
    this.values[name] = value;
    return `{${name}:${type}}`;
  }

  text(value: string): string {
    return this.add(value, 'String');
  }

  texts(values: readonly string[]): string {
    return this.add(values, 'Array(String)');
  }

  /** Everything taken so far. */
  all(): QueryParams {
    return { ...this.values };
  }
}
