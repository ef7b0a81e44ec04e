// Writes the pages of docs/reference that say what the code says: configuration, its JSON Schema, command, errors,
// columns, and the HTTP API with its OpenAPI document.
// `--check` writes nothing and exits 1 when a page is not what would be written.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { apiDocument } from '../src/api/http/document.ts';
import { parallaxConfig } from '../src/app/config.ts';
import { buildProgram } from '../src/cli/program.ts';
import { schemaTree } from '../src/config/tree.ts';
import { FILTER_FLAGS } from '../src/hubble/filter/catalogue.ts';
import { ERRORS } from '../src/runtime/errors.ts';
import { DELIVERY_COLUMNS, INCIDENT_EVENT_COLUMNS } from '../src/store/schema/alert-columns.ts';
import { EVENT_COLUMNS, FLOW_COLUMNS, PRESENCE } from '../src/store/schema/columns.ts';
import { CLUSTER_FACT_COLUMNS, IDENTITY_COLUMNS } from '../src/store/schema/columns-enriched.ts';
import { COVERAGE_COLUMNS } from '../src/store/schema/coverage-columns.ts';
import {
  DENIAL_COLUMNS,
  FLOW_TOTAL_COLUMNS,
  INCIDENT_COLUMNS,
} from '../src/store/schema/denial-columns.ts';
import { type ApiDocument, apiPage } from './reference/api.ts';
import { columnsPage } from './reference/columns.ts';
import { commandPage } from './reference/command.ts';
import { configPage, withOldNames } from './reference/config.ts';
import { errorsPage } from './reference/errors.ts';

const HOME = fileURLToPath(new URL('../docs/reference/', import.meta.url));
const tree = schemaTree(parallaxConfig);
// The version is of the program, not of the document: it would go stale with each release.
const api = await apiDocument('v1');
const pages: Record<string, string> = {
  'config.md': configPage(tree),
  'config.schema.json': `${JSON.stringify({ title: 'Parallax configuration', ...withOldNames(tree) }, null, 2)}\n`,
  'cli.md': commandPage(await buildProgram(), ownHelp),
  'openapi.json': `${JSON.stringify(api, null, 2)}\n`,
  'api.md': apiPage(
    api as ApiDocument,
    FILTER_FLAGS.filter((name) => name !== 'not'),
  ),
  'errors.md': errorsPage(ERRORS),
  'columns.md': columnsPage({
    flows: FLOW_COLUMNS,
    events: EVENT_COLUMNS,
    identities: IDENTITY_COLUMNS,
    clusterFacts: CLUSTER_FACT_COLUMNS,
    coverage: COVERAGE_COLUMNS,
    denials: DENIAL_COLUMNS,
    incidents: INCIDENT_COLUMNS,
    flowTotals: FLOW_TOTAL_COLUMNS,
    incidentEvents: INCIDENT_EVENT_COLUMNS,
    deliveries: DELIVERY_COLUMNS,
    presence: PRESENCE,
  }),
};

const check = process.argv.includes('--check');
const stale = Object.entries(pages).filter(([name, text]) => read(name) !== text);
if (check) {
  for (const [name] of stale)
    console.error(`docs/reference/${name} is out of date: npm run generate`);
  process.exitCode = stale.length > 0 ? 1 : 0;
} else {
  mkdirSync(HOME, { recursive: true });
  for (const [name, text] of stale) writeFileSync(HOME + name, text);
  console.log(
    stale.length === 0 ? 'docs/reference is up to date' : `wrote ${stale.map(([n]) => n)}`,
  );
}

/** The help of a command that reads its flags itself. */
function ownHelp(name: string): string {
  const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url));
  const args = ['--import', 'tsx', main, name, '--help'];
  return execFileSync(process.execPath, args, { encoding: 'utf8' }).trimEnd();
}

function read(name: string): string | undefined {
  try {
    return readFileSync(HOME + name, 'utf8');
  } catch {
    return undefined;
  }
}
