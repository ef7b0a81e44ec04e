// Words that our own text does not use, because Cilium's, Kafka's and ClickHouse's documentation would not
// (docs/glossary.md has the terms that it does use), and text that is true of one machine only.

/** Whole words, in any case. What to write instead depends on the sentence. */
const BANNED = [
  ...['told', 'tell', 'tells', 'telling', 'whom', 'anew', 'asker', 'askers', 'lest', 'thereby'],
  ...['settle', 'settled', 'settles', 'settling', 'unsettled', 'rival', 'rivals', 'contested'],
  ...['courier', 'couriers', 'hither', 'thither', 'whoever', 'whichever', 'unjudged', 'sieve'],
  ...['stretch', 'stretches', 'handed through', 'as it were', 'turned round', 'heard of'],
  ...['given again', 'give again', 'who asks', 'who asked', 'is said to', 'of its own accord'],
];
const PLAIN = new RegExp(`\\b(?:${BANNED.join('|').replaceAll(' ', '\\s+')})\\b`, 'i');

/** Names that settings and columns had before, which the old-name support and the changelog still spell. */
const OLD_NAMES = /renamed|old[ _-]?names?\b/i;
const JSON_KEY = /^\s*"\w+":/;
const CODE_SPAN = /`[\w.]+`/g;

/** Lines of the form `file:line: word` for banned words. `files` are pairs of name and text. */
export function bannedWords(files) {
  return hits(
    files.map(([name, text]) => [name, ownWords(name, text)]),
    [PLAIN],
  );
}

function ownWords(name, text) {
  if (name.endsWith('.md')) return text.replaceAll(CODE_SPAN, '');
  // The JSON schema lists settings under their old names too.
  const json = name.endsWith('.json');
  return text
    .split('\n')
    .map((line) => (OLD_NAMES.test(line) ? '' : json ? line.replace(JSON_KEY, '') : line))
    .join('\n');
}

const PRIVATE = [
  /(?<![\w.])\/(work|home|root|Users)\/[\w-]/,
  /\.\.\/shared\//,
  /"resolved": "https?:/,
  /\b(registry|proxy|mirror)\.[\w-]+\.[a-z]{2,}\b/,
  /\/\/[^/\s]*\b(artifactory|nexus|verdaccio)\b/i,
];

/** The same for paths and hosts of one machine. */
export function privateWords(files) {
  return hits(files, PRIVATE);
}

/** The stored name of the column that queries call has_reported_ends. */
const STORED_NAME = /[`']told[`']/g;

function hits(files, patterns) {
  const found = [];
  for (const [name, text] of files)
    for (const [index, line] of text.replace(STORED_NAME, '').split('\n').entries()) {
      const word = patterns.map((each) => each.exec(line)?.[0]).find((each) => each !== undefined);
      if (word !== undefined) found.push(`${name}:${index + 1}: ${word}`);
    }
  return found;
}
