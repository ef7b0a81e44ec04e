// The version of this program, as its package says.
import { readFileSync } from 'node:fs';

/** Reads package.json, which lies two folders above both `src/runtime` and `dist/runtime`. */
export function programVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  // Our own package.json, which has a version.
  return (JSON.parse(text) as { version: string }).version;
}
