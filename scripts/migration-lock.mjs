// Writes down the checksum of every new migration in src/store/migrations/lock.json. One that is written down may not
// change any more: stores out there have run it. `--rewrite` is for migrations no release has had yet.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

const directory = new URL('../src/store/migrations/', import.meta.url);
const file = new URL('lock.json', directory);
const rewrite = process.argv.includes('--rewrite');

const locked = JSON.parse(readFileSync(file, 'utf8'));
const present = Object.fromEntries(
  readdirSync(directory)
    .filter((name) => name.endsWith('.sql'))
    .sort()
    .map((name) => [
      name,
      createHash('sha256')
        .update(readFileSync(new URL(name, directory)))
        .digest('hex'),
    ]),
);
const changed = Object.keys(locked).filter((name) => present[name] !== locked[name]);
if (changed.length > 0 && !rewrite) {
  console.error(`changed or gone after they were locked: ${changed.join(', ')}`);
  console.error('put the change into a new file; --rewrite only when no release had them');
  process.exit(1);
}
writeFileSync(file, `${JSON.stringify(present, null, 2)}\n`);
