// Recorded flows of test/fixtures, line by line.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

export function fixtureLines(name: string): string[] {
  const file = new URL(`../../fixtures/${name}.jsonl.gz`, import.meta.url);
  const lines = gunzipSync(readFileSync(file)).toString('utf8').split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}
