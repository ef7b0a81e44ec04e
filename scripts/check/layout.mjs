// Rules about files and folders: how long, how many, and tests beside what they test.
import { dirname } from 'node:path';

const MAX_LINES = 400;
const MEDIAN_LINES = 85;
const P90_LINES = 210;
const MAX_FILES = 31;

/** Files that are too long, and sources that are too long as a whole. `files` are pairs of name and text. */
export function fileLengths(files) {
  const lengths = files.map(([name, text]) => ({ name, lines: text.split('\n').length - 1 }));
  const long = lengths
    .filter(({ lines }) => lines > MAX_LINES)
    .map(({ name, lines }) => `${name}: ${lines} lines, at most ${MAX_LINES}`);
  const sorted = lengths
    .filter(({ name }) => name.startsWith('src/'))
    .map(({ lines }) => lines)
    .sort((a, b) => a - b);
  const at = (share) => sorted[Math.floor(sorted.length * share)] ?? 0;
  if (at(0.5) > MEDIAN_LINES) long.push(`median of src: ${at(0.5)} lines, at most ${MEDIAN_LINES}`);
  if (at(0.9) > P90_LINES) long.push(`p90 of src: ${at(0.9)} lines, at most ${P90_LINES}`);
  return long;
}

/** Folders of src with too many files of their own. */
export function folderSizes(names) {
  const counts = new Map();
  for (const name of names.filter((each) => each.startsWith('src/')))
    counts.set(dirname(name), (counts.get(dirname(name)) ?? 0) + 1);
  return [...counts]
    .filter(([, count]) => count > MAX_FILES)
    .map(([folder, count]) => `${folder}: ${count} files, at most ${MAX_FILES}`);
}

/** Files of test/unit and test/component that do not mirror src: every folder there is one of src, and holds tests. */
export function testMirror(names) {
  const folders = new Set();
  for (const name of names.filter((each) => each.startsWith('src/')))
    for (let folder = dirname(name); folder !== '.'; folder = dirname(folder)) folders.add(folder);
  return names
    .map((name) => [name, /^test\/(?:unit|component)\/(.*)$/.exec(name)?.[1]])
    .filter(([, rest]) => rest !== undefined)
    .flatMap(([name, rest]) => {
      const folder = `src/${dirname(rest)}`;
      if (!folders.has(folder)) return [`${name}: there is no ${folder}`];
      if (!name.endsWith('.test.ts')) return [`${name}: no test; support belongs in test/support`];
      return [];
    });
}
