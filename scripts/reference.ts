// Writes the pages of docs/reference that say what the code says: configuration, its JSON Schema, command, errors,
// columns, the HTTP API with its OpenAPI document, and the manual page.
// `--check` writes nothing and exits 1 when a page is not what would be written.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { apiDocument } from '../src/api/http/document.ts';
import { parallaxConfig } from '../src/app/config.ts';
import { DESCRIPTION, helpPages } from '../src/cli/program.ts';
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
import { commandsPage } from './reference/command.ts';
import { configPage, withOldNames } from './reference/config.ts';
import { errorsPage, OTHER_EXITS } from './reference/errors.ts';
import { manPage } from './reference/man.ts';

const HOME = fileURLToPath(new URL('../docs/reference/', import.meta.url));
const commands = await helpPages();
const tree = schemaTree(parallaxConfig);
// The version is of the program, not of the document: it would go stale with each release.
const api = await apiDocument('v1');
const pages: Record<string, string> = {
  'config.md': configPage(tree),
  'config.schema.json': `${JSON.stringify({ title: 'Parallax configuration', ...withOldNames(tree) }, null, 2)}\n`,
  'cli.md': commandsPage(DESCRIPTION, commands),
  '../parallax.1': manPage(DESCRIPTION, commands, exitCodes()),
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

/** The codes of errors, each with all it may mean, and the others. */
function exitCodes() {
  const byCode = new Map<string, string[]>();
  for (const { exit, doc } of Object.values(ERRORS))
    byCode.set(String(exit), [...(byCode.get(String(exit)) ?? []), doc]);
  for (const [exit, doc] of OTHER_EXITS) byCode.set(exit, [...(byCode.get(exit) ?? []), doc]);
  return [...byCode]
    .map(([exit, docs]) => ({ exit, doc: docs.join(' ') }))
    .sort((a, b) => Number.parseInt(a.exit, 10) - Number.parseInt(b.exit, 10));
}

function read(name: string): string | undefined {
  try {
    return readFileSync(HOME + name, 'utf8');
  } catch {
    return undefined;
  }
}
