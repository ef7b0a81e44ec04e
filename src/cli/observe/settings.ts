// Settings that Hubble's users keep in flags, in HUBBLE_… variables or in Hubble's own configuration file, in that
// order. Only settings that Hubble binds this way are read here; its filters and layouts have flags alone.
import { GO_SPACE } from '../../hubble/json/go-space.ts';
import { parseBool } from './args.ts';
import type { FlagValues } from './flag-values.ts';

export type Env = Readonly<Record<string, string | undefined>>;

/** What Hubble's configuration file says, by the names of the flags. */
export type HubbleConfig = Readonly<Record<string, unknown>>;

const SPACE = new RegExp(`${GO_SPACE}+`);

export class Settings {
  private readonly values: FlagValues;
  private readonly env: Env;
  private readonly file: HubbleConfig;

  constructor(values: FlagValues, env: Env, file: HubbleConfig) {
    this.values = values;
    this.env = env;
    this.file = file;
  }

  text(name: string): string {
    const file = this.file[name];
    return this.values.text[name] ?? this.variable(name) ?? (isPlain(file) ? String(file) : '');
  }

  /** What is no truth value in variable or file counts as false, as in Hubble. */
  switch(name: string): boolean {
    const given = this.values.switches[name];
    if (given !== undefined) return given;
    const text = this.variable(name) ?? this.file[name];
    if (typeof text === 'number') return text !== 0;
    try {
      return isPlain(text) && parseBool(String(text));
    } catch {
      return false;
    }
  }

  /** Lists are split on white space where they are not lists already. */
  list(name: string): readonly string[] {
    const given = this.values.lists[name];
    if (given !== undefined) return throughCsv(given);
    const value = this.variable(name) ?? this.file[name];
    if (Array.isArray(value)) {
      const items = value.map((each) => each ?? '');
      // One item that is no text spoils the list, as in Hubble.
      return items.every(isPlain) ? items.map(String) : [];
    }
    return isPlain(value) ? String(value).split(SPACE).filter(Boolean) : [];
  }

  private variable(name: string): string | undefined {
    return hubbleVariable(this.env, name);
  }
}

/** Hubble hands its lists on as a line of CSV, which keeps no lone empty text and no carriage return at a line's end. */
function throughCsv(list: readonly string[]): readonly string[] {
  if (list.length === 1 && list[0] === '') return [];
  return list.map((each) => each.replaceAll('\r\n', '\n'));
}

/** Hubble's variable for a flag; an empty one counts as unset. */
export function hubbleVariable(env: Env, flag: string): string | undefined {
  return env[`HUBBLE_${flag.toUpperCase().replaceAll('-', '_')}`] || undefined;
}

function isPlain(value: unknown): value is string | number | boolean {
  return ['string', 'number', 'boolean'].includes(typeof value);
}
