// `npm run bench:query`: how fast the store answers, through the history query itself.
//   npm run bench:query -- [--flows 1000000] [--data-dir DIR] [--only NAME,…] [--runs 15] [--json] [--load-only]
// Loads a store of N flows over 24 hours and 3 clusters first, unless DIR has it already.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openStore } from '../../engines/stores.ts';
import { type Kind, kinds } from '../../support/load/kinds.ts';
import { known } from '../../support/load/known.ts';
import { END, load } from '../../support/load/load.ts';
import { questionOf } from '../../support/load/question.ts';
import { benchDenials, fillDenials } from './denials.ts';
import { ask, type Cost, dropCaches, forgetFilters, peakMemory } from './meter.ts';
import { type Row, report } from './report.ts';
import { benchTotals, fillBenchTotals } from './totals.ts';

const { values } = parseArgs({
  options: {
    flows: { type: 'string', default: '1000000' },
    'data-dir': { type: 'string' },
    only: { type: 'string', default: '' },
    runs: { type: 'string', default: '15' },
    json: { type: 'boolean', default: false },
    'load-only': { type: 'boolean', default: false },
  },
});
const flows = Number(values.flows);
const runs = Number(values.runs);
const schema = createHash('sha256')
  .update(readFileSync(new URL('../../../src/store/migrations/lock.json', import.meta.url)))
  .digest('hex')
  .slice(0, 8);
const directory = values['data-dir'] ?? join(tmpdir(), `parallax-bench-query-${flows}-${schema}`);
const loaded = join(directory, 'bench-loaded.json');
const say = (text: string) => process.stderr.write(`\r\u001b[K${text}`);

if (!existsSync(loaded)) rmSync(directory, { recursive: true, force: true });
const { store, stop } = await openStore({
  retention: '0d',
  chdb: { path: directory, mergeThreads: 2 },
});
if (!existsSync(loaded)) {
  const began = performance.now();
  await load(store, {
    flows,
    progress: (text) => say(`${((performance.now() - began) / 1000).toFixed(0)} s: ${text}`),
  });
  writeFileSync(loaded, JSON.stringify({ flows, schema }));
}

const queryOf = ({ args }: Kind) => questionOf(args, END);

const only = values.only.split(',').filter((name) => name !== '');
const asked = kinds(await known(store)).filter(
  ({ name }) => only.length === 0 || only.includes(name),
);
const rows: Row[] = [];
for (const kind of values['load-only'] ? [] : asked) {
  say(kind.name);
  const query = await queryOf(kind);
  await dropCaches(store);
  const cold = await ask(store, query);
  await ask(store, query);
  const warm: Cost[] = [];
  for (let i = 0; i < runs; i++) {
    await forgetFilters(store);
    warm.push(await ask(store, query));
  }
  rows.push({ kind, cold, warm, peak: await peakMemory(store, query) });
}
say('');
const machine = {
  date: new Date().toISOString().slice(0, 10),
  node: process.version,
  cpu: cpus()[0]?.model ?? '',
  cores: cpus().length,
};
console.log(await report(store, { flows, directory, machine, rows, json: values.json }));
// The questions about denials, which have tables of their own.
if (values['load-only']) await fillDenials(store, say);
else if (!values.json) console.log(await benchDenials(store, { runs, only, say }));
// And those about totals.
if (values['load-only']) await fillBenchTotals(store, say);
else if (!values.json) console.log(await benchTotals(store, { runs, only, say }));
say('');
await stop();
process.exit(0);
