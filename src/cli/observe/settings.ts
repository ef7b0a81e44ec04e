// Settings that Hubble's users keep in flags, in HUBBLE_… variables or in Hubble's own configuration file, in that
// order. Only what Hubble binds this way is asked here; its filters and layouts have flags alone.
import { parseBool } from './args.ts';
import type { Draft } from './draft.ts';

export type Env = Readonly<Record<string, string | undefined>>;

/** What Hubble's configuration file says, by the names of the flags. */
export type HubbleConfig = Readonly<Record<string, unknown>>;

export class Settings {
  private readonly draft: Draft;
  private readonly env: Env;
  private readonly file: HubbleConfig;

  constructor(draft: Draft, env: Env, file: HubbleConfig) {
    this.draft = draft;
    this.env = env;
    this.file = file;
  }

  text(name: string): string {
    const file = this.file[name];
    return this.draft.text[name] ?? this.variable(name) ?? (isPlain(file) ? String(file) : '');
  }

  /** What is no truth value in variable or file counts as false, as in Hubble. */
  switch(name: string): boolean {
    const given = this.draft.switches[name];
    if (given !== undefined) return given;
    const text = this.variable(name) ?? this.file[name];
    try {
      return isPlain(text) && parseBool(String(text));
    } catch {
      return false;
    }
  }

  /** Lists are split on white space where they are not lists already. */
  list(name: string): readonly string[] {
    const given = this.draft.lists[name] ?? [];
    if (given.length > 0) return given;
    const value = this.variable(name) ?? this.file[name];
    if (Array.isArray(value)) return value.filter(isPlain).map(String);
    return isPlain(value) ? String(value).split(/\s+/).filter(Boolean) : [];
  }

  private variable(name: string): string | undefined {
    return hubbleVariable(this.env, name);
  }
}

/** Hubble's variable for a flag; an empty one counts as unset. */
export function hubbleVariable(env: Env, flag: string): string | undefined {
  return env[`HUBBLE_${flag.toUpperCase().replaceAll('-', '_')}`] || undefined;
}

function isPlain(value: unknown): value is string | number | boolean {
  return ['string', 'number', 'boolean'].includes(typeof value);
}
