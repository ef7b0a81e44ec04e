// Hubble's own configuration file. Keys that mean nothing here are ignored.
import { readFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import type { Env } from './settings.ts';
import { type HubbleConfig, hubbleVariable } from './settings.ts';

const FILE = 'config.yaml';

/**
 * Reads the file that `--config` or HUBBLE_CONFIG names, else the usual one. An empty name means the first of the places
 * that has one. A file that is not there is an empty one, as in Hubble; `warn` hears of one that cannot be understood,
 * `found` of the one that was read.
 */
export async function readHubbleConfig(
  named: string | undefined,
  env: Env,
  warn: (message: string) => void,
  found: (path: string) => void = () => {},
): Promise<HubbleConfig> {
  const [usual = ''] = directories(env);
  const path = named ?? hubbleVariable(env, 'config') ?? (usual && join(usual, FILE));
  const places = path === '' ? [process.cwd(), ...directories(env)].map(inDirectory) : [path];
  for (const place of places) {
    const text = await readFile(place, 'utf8').catch(() => undefined);
    if (text === undefined) continue;
    const { parse } = await import('yaml');
    try {
      const value: unknown = parse(text);
      found(place);
      return typeof value === 'object' && value !== null ? lowerCased(value) : {};
    } catch (error) {
      const why = error instanceof Error ? error.message.split('\n')[0] : String(error);
      warn(`${place} is left out: it is no YAML: ${why}`);
      return {};
    }
  }
  return {};
}

/** Hubble's keys may be written in any case. */
function lowerCased(settings: object): HubbleConfig {
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [name.toLowerCase(), value]),
  );
}

function inDirectory(directory: string): string {
  return join(directory, FILE);
}

/** Where Hubble keeps its configuration: the second is for when there is no first. */
function directories({ XDG_CONFIG_HOME: xdg, HOME: home }: Env): string[] {
  const absolute = xdg ? isAbsolute(xdg) && xdg : home && join(home, '.config');
  return [
    ...(absolute ? [join(absolute, 'hubble')] : []),
    ...(home ? [join(home, '.hubble')] : []),
  ];
}
