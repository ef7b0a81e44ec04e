// The layers of src, lowest first. A room imports only rooms of layers below its own; rooms of one layer do not import
// each other, except for the lowest three. `node scripts/layers.mjs` writes the lint rules to biome.layers.json;
// `--check` exits with 1 when that file is out of date.
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

export const LAYERS = [
  ['config', 'telemetry', 'runtime'],
  ['hubble'],
  ['incident'],
  ['bus', 'store'],
  ['ingest', 'enrich', 'query', 'simulate'],
  ['alert'],
  ['api'],
  ['app'],
  ['cli'],
];

/** The layers inside src/query. */
export const QUERY_LAYERS = [
  ['sql', 'request'],
  ['read'],
  ['coverage', 'connections', 'complete'],
  ['catalogue', 'explain', 'flows', 'services', 'totals'],
  ['denials', 'doctor'],
];

/** Packages that one room alone may import. */
const OWNED_PACKAGES = {
  kafkajs: 'bus',
  '@clickhouse/client': 'store',
  chdb: 'store',
  'chdb/**': 'store',
};

const FILE = new URL('../biome.layers.json', import.meta.url);

/** The lint rules that keep the layers. */
export function layerRules() {
  const rooms = LAYERS.flatMap((names, layer) =>
    names.map((room) => rule(`src/${room}`, room, forbiddenRooms(LAYERS, room, layer))),
  );
  const queryLayer = LAYERS.findIndex((names) => names.includes('query'));
  const parts = QUERY_LAYERS.flatMap((names, layer) =>
    names.map((part) =>
      rule(`src/query/${part}`, 'query', [
        ...forbiddenRooms(LAYERS, 'query', queryLayer),
        ...forbiddenRooms(QUERY_LAYERS, part, layer + 1).filter((other) => other !== part),
        ...names.filter((other) => other !== part),
      ]),
    ),
  );
  return [...rooms, ...parts];
}

/** Rooms of the same and of higher layers. The lowest layer has no order of its own. */
function forbiddenRooms(layers, room, layer) {
  const from = layer === 0 ? 1 : layer;
  return layers
    .slice(from)
    .flat()
    .filter((other) => other !== room);
}

function rule(folder, room, forbidden) {
  const packages = Object.entries(OWNED_PACKAGES)
    .filter(([, owner]) => owner !== room)
    .map(([name]) => name);
  const patterns = [
    {
      group: forbidden.map((other) => `**/../${other}/**`),
      message: `${folder} may import only rooms of the layers below it (scripts/layers.mjs)`,
    },
    { group: packages, message: 'another room owns this package (scripts/layers.mjs)' },
  ].filter(({ group }) => group.length > 0);
  return {
    includes: [`${folder}/**`],
    linter: {
      rules: { style: { noRestrictedImports: { level: 'error', options: { patterns } } } },
    },
  };
}

function main() {
  const wanted = `${JSON.stringify({ overrides: layerRules() }, null, 1)}\n`;
  if (!process.argv.includes('--check')) writeFileSync(FILE, wanted);
  else if (readFileSync(FILE, 'utf8') !== wanted) {
    console.log('biome.layers.json does not follow scripts/layers.mjs: run npm run generate');
    process.exitCode = 1;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) main();
