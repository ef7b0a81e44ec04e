// Writes the code that follows from the column catalogue (src/store/schema/columns.ts) and the message tables:
// src/enrich/project/flow.gen.ts reads a Flow's bytes into the columns of a row, src/query/read/restore/flow.gen.ts
// makes the Flow of a row again. `--check` writes nothing and exits 1 when a file is not what would be written.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readerText } from './generate/projection-reader.ts';
import { restoreText } from './generate/projection-restore.ts';

const targets = {
  'src/enrich/project/flow.gen.ts': readerText(),
  'src/query/read/restore/flow.gen.ts': restoreText(),
};
for (const [target, wanted] of Object.entries(targets)) {
  const path = fileURLToPath(new URL(`../${target}`, import.meta.url));
  if (!process.argv.includes('--check')) {
    writeFileSync(path, wanted);
    console.log(`wrote ${target}`);
  } else if (read(path) !== wanted) {
    console.error(`${target} does not follow the column catalogue: run \`npm run generate\``);
    process.exitCode = 1;
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
