// Hubble's own configuration file: where it lies and what is in it. Keys that mean nothing here are left alone.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Env, type HubbleConfig, hubbleVariable } from './settings.ts';

const FILE = 'config.yaml';

/**
 * Reads the file that `--config` or HUBBLE_CONFIG names, else the first of the usual places that has one. A file that
 * is not there is an empty one, as in Hubble; `warn` hears of one that cannot be understood.
 */
export async function readHubbleConfig(
  named: string | undefined,
  env: Env,
  warn: (message: string) => void,
): Promise<HubbleConfig> {
  const path = named || hubbleVariable(env, 'config');
  for (const candidate of path === undefined ? usualPlaces(env) : [path]) {
    const text = await readFile(candidate, 'utf8').catch(() => undefined);
    if (text === undefined) continue;
    const { parse } = await import('yaml');
    try {
      const value: unknown = parse(text);
      return typeof value === 'object' && value !== null ? { ...value } : {};
    } catch (error) {
      const why = error instanceof Error ? error.message.split('\n')[0] : String(error);
      warn(`${candidate} is left out: it is no YAML: ${why}`);
      return {};
    }
  }
  return {};
}

function usualPlaces(env: Env): string[] {
  const { XDG_CONFIG_HOME: xdg, HOME: home } = env;
  const config = xdg || (home && join(home, '.config'));
  return [
    FILE,
    ...(config ? [join(config, 'hubble', FILE)] : []),
    ...(home ? [join(home, '.hubble', FILE)] : []),
  ];
}
