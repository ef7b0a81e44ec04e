// docs/reference/config.md from the schema.
import {
  alternatives,
  envName,
  isMapping,
  isSecret,
  type Leaf,
  leaves,
  type SchemaNode,
} from '../../src/config/tree.ts';
import { code, GENERATED, table } from './markdown.ts';

const INTRO = `# Configuration
${GENERATED}
One YAML file for all roles. Later sources override earlier ones: defaults, the file (\`--config FILE\` or
\`$PARALLAX_CONFIG\`), the environment, flags. Unknown keys are errors, and all problems are reported at once.
\`parallax config check\` validates the configuration; \`parallax config print\` shows every setting with its source, without
secrets. \`config.schema.json\` beside this page is the JSON schema for editors:
\`# yaml-language-server: $schema=…/docs/reference/config.schema.json\`.

- **Environment**: \`PARALLAX_\`, then the path with \`_\` between its parts and before every capital that follows a small
  letter or digit, all in capitals: \`bus.kafka.maxRecordBytes\` is \`PARALLAX_BUS_KAFKA_MAX_RECORD_BYTES\`. Lists of words
  are comma-separated; other lists and mappings are YAML or JSON. An unknown \`PARALLAX_…\` variable is an error, except for
  those that Kubernetes sets for Services (\`…_SERVICE_HOST\`, \`…_PORT=tcp://…\`). \`PARALLAX_DATA_DIR\` is short for
  \`PARALLAX_STORE_CHDB_PATH\`.
- **Flags**: \`--set bus.kafka.brokers=a:9092,b:9092\`, repeatable, list items by number
  (\`--set clusters.0.relay=relay:80\`); commands have flags for common settings.
- **Secrets**: use a file (\`…passwordFile\`) or the environment. Passwords are never printed or logged.
- Durations are written \`250ms\`, \`5s\`, \`1m30s\`, \`7d\`; sizes \`512KiB\`, \`64MiB\`.
`;

/** The tree with the old names beside the new ones, marked as deprecated: editors accept and strike them. */
export function withOldNames(tree: SchemaNode): object {
  return JSON.parse(JSON.stringify(tree), (_, node: SchemaNode | null) => {
    if (typeof node !== 'object' || node?.properties === undefined) return node;
    const entries = Object.entries(node.properties).flatMap(
      ([key, { renamedFrom, ...property }]) => {
        if (renamedFrom === undefined) return [[key, property]];
        const { default: _, ...old } = property;
        const description = `Renamed to ${key}.`;
        return [
          [key, property],
          [renamedFrom, { ...old, description, deprecated: true }],
        ];
      },
    );
    return { ...node, properties: Object.fromEntries(entries) };
  });
}

export function configPage(tree: SchemaNode): string {
  const sections = Object.entries(tree.properties ?? {}).map(([key, node]) => section(key, node));
  return `${[INTRO, ...sections].join('\n')}\n`;
}

function section(key: string, node: SchemaNode): string {
  const text = node.description === undefined ? '' : `${node.description}\n\n`;
  const rows = leaves(node, [key]).flatMap(rowsOf);
  const head = ['Key', 'Type', 'Default', 'Environment', 'Meaning'];
  return `## ${key}\n${text}${table(head, rows)}\n`;
}

function rowsOf({ path, node, required }: Leaf): string[][] {
  const dotted = path.join('.');
  const own = [
    code(dotted),
    typeText(node),
    defaultText(node, required),
    code(envName(path)),
    [
      node.description ?? '',
      isSecret(path.at(-1) ?? '', node) ? ' Secret.' : '',
      node.renamedFrom === undefined ? '' : ` Old name: ${code(node.renamedFrom)}.`,
    ].join(''),
  ];
  const items = alternatives(node).find((option) => option.items !== undefined)?.items;
  if (items === undefined || !isMapping(items)) return [own];
  const inner = leaves(items).map((leaf) => [
    code(`${dotted}[].${leaf.path.join('.')}`),
    typeText(leaf.node),
    defaultText(leaf.node, leaf.required),
    '',
    leaf.node.description ?? '',
  ]);
  return [own, ...inner];
}

function defaultText(node: SchemaNode, required: boolean): string {
  if (node.default === undefined) return required ? 'required' : 'none';
  return code(
    typeof node.default === 'string' && node.default !== ''
      ? node.default
      : JSON.stringify(node.default),
  );
}

function typeText(node: SchemaNode): string {
  return [...new Set(alternatives(node).map(oneType))].join(' or ');
}

function oneType(node: SchemaNode): string {
  if (node.const !== undefined) return code(String(node.const));
  if (node.enum !== undefined) return node.enum.map((value) => code(String(value))).join(', ');
  if (node.pattern?.includes('ms|s|m|h|d')) return 'duration';
  if (node.pattern?.includes('KiB|MiB|GiB')) return 'size';
  if (node.items !== undefined)
    return `list of ${isMapping(node.items) ? 'mappings' : typeText(node.items)}`;
  if (node.format === 'uri') return 'URL';
  if (node.type === 'integer' || node.type === 'number') return numberText(node);
  return node.type === undefined ? 'any' : String(node.type);
}

function numberText(node: SchemaNode): string {
  const { minimum, maximum } = node;
  const least = minimum !== undefined && minimum > -Number.MAX_SAFE_INTEGER ? minimum : undefined;
  const most = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER ? maximum : undefined;
  if (least !== undefined && most !== undefined) return `${node.type}, ${least} to ${most}`;
  if (least !== undefined) return `${node.type}, from ${least}`;
  return most === undefined ? String(node.type) : `${node.type}, up to ${most}`;
}
