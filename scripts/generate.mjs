// Generates src/hubble/proto/schema.gen.ts, the message tables and interfaces, from proto/*.proto. `--check` writes
// nothing and exits with 1 when the file is out of date.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';

const HOME = fileURLToPath(new URL('..', import.meta.url));
const SOURCES = [
  'flow/flow.proto',
  'relay/relay.proto',
  'observer/observer.proto',
  'peer/peer.proto',
  'grpc/health/v1/health.proto',
];
const WELL_KNOWN = new Set(['Timestamp', 'FieldMask', 'Any']);
const WRAPPERS = {
  DoubleValue: 'double',
  FloatValue: 'float',
  Int64Value: 'int64',
  UInt64Value: 'uint64',
  Int32Value: 'int32',
  UInt32Value: 'uint32',
  BoolValue: 'bool',
  StringValue: 'string',
  BytesValue: 'bytes',
};
const TS_TYPES = {
  double: 'number',
  float: 'number',
  int32: 'number',
  uint32: 'number',
  int64: 'bigint',
  uint64: 'bigint',
  bool: 'boolean',
  string: 'string',
  bytes: 'Uint8Array',
};

const root = new protobuf.Root();
root.resolvePath = (_, target) =>
  protobuf.common.get(target) ? target : join(HOME, 'proto', target);
root.loadSync(SOURCES, { keepCase: true, alternateCommentMode: true });
root.resolveAll();

const names = nameAll();
const written = new Set();
const out = [];
for (const source of names.keys()) write(source, []);

const text = `// Generated from proto/ by scripts/generate.mjs. Change the .proto files and run \`npm run generate\`.
import { enumeration, field, type MessageType, message, wrapper } from './schema.ts';
import { ${[...WELL_KNOWN].sort().join(', ')} } from './wellknown.ts';

${out.join('\n')}`;

const TARGET = 'src/hubble/proto/schema.gen.ts';
const path = join(HOME, TARGET);
if (!process.argv.includes('--check')) {
  writeFileSync(path, text);
  console.log(`wrote ${TARGET}`);
} else if (!existsSync(path) || readFileSync(path, 'utf8') !== text) {
  console.error(`${TARGET} is not what proto/ says: run \`npm run generate\` and commit it`);
  process.exitCode = 1;
}

/** TypeScript names: the path inside the package, joined; the package in front when that is taken. */
function nameAll() {
  const found = new Map();
  const taken = new Set([...WELL_KNOWN]);
  const visit = (node) => {
    if (node.fullName.startsWith('.google.')) return;
    const typed = node instanceof protobuf.Type || node instanceof protobuf.Enum;
    if (typed) {
      const parts = [];
      let outer = node;
      for (; outer.parent && !isPackage(outer); outer = outer.parent) parts.unshift(outer.name);
      let name = parts.join('');
      if (taken.has(name)) name = outer.name[0].toUpperCase() + outer.name.slice(1) + name;
      if (taken.has(name)) throw new Error(`two types are called ${name}`);
      taken.add(name);
      found.set(node, name);
    }
    for (const child of node.nestedArray ?? []) visit(child);
  };
  visit(root);
  return found;
}

function isPackage(node) {
  return !(node instanceof protobuf.Type || node instanceof protobuf.Enum);
}

/** Writes a type after the types it uses. */
function write(node, path) {
  if (path.includes(node)) throw new Error(`${node.fullName} contains itself: not supported`);
  if (written.has(node)) return;
  if (node instanceof protobuf.Type) {
    for (const each of node.fieldsArray) {
      if (names.has(each.resolvedType)) write(each.resolvedType, [...path, node]);
    }
  }
  written.add(node);
  out.push(node instanceof protobuf.Enum ? enumText(node) : messageText(node));
}

function enumText(node) {
  const rows = Object.entries(node.values).map(([key, value]) => `  ${key}: ${value},\n`);
  return `${doc(node, '')}export const ${names.get(node)} = enumeration('${full(node)}', {\n${rows.join('')}});\n`;
}

function messageText(node) {
  const name = names.get(node);
  const members = node.fieldsArray.map(
    (each) => `${doc(each, '  ')}  ${each.name}?: ${tsType(each)} | undefined;\n`,
  );
  const fields = node.fieldsArray.map((each) => `    ${fieldText(each)},\n`);
  const list = fields.length === 0 ? '[]' : `[\n${fields.join('')}  ]`;
  return [
    `${doc(node, '')}export interface ${name} {\n`,
    ...members,
    '  readonly $unknown?: Uint8Array | undefined;\n}\n',
    `export const ${name}: MessageType<${name}> = message(\n`,
    `  '${full(node)}',\n  ${list},\n  () => ({}),\n);\n`,
  ].join('');
}

function tsType(each) {
  const one = elementType(each);
  return each.repeated ? `${one}[]` : one;
}

function elementType(each) {
  const type = each.resolvedType;
  if (type === null) return TS_TYPES[each.type] ?? unsupported(each);
  if (type instanceof protobuf.Enum) return 'number';
  if (WRAPPERS[wellKnown(type)]) return TS_TYPES[WRAPPERS[wellKnown(type)]];
  return typeName(each);
}

function fieldText(each) {
  const head = `'${each.name}', ${each.id}`;
  const type = each.resolvedType;
  const wrapped = type && WRAPPERS[wellKnown(type)];
  if (wrapped) {
    if (each.repeated || each.partOf) unsupported(each);
    return `wrapper(${head}, '${wrapped}')`;
  }
  const excludes = (each.partOf?.oneof ?? []).filter((other) => other !== each.name);
  const options = [
    each.repeated ? 'repeated: true' : '',
    excludes.length > 0 ? `oneof: '${each.partOf.name}'` : '',
    excludes.length > 0 ? `excludes: [${excludes.map((other) => `'${other}'`).join(', ')}]` : '',
  ].filter(Boolean);
  const typeText = type === null ? `'${each.type}'` : typeName(each);
  return `field(${head}, ${typeText}${options.length > 0 ? `, { ${options.join(', ')} }` : ''})`;
}

function typeName(each) {
  const name = names.get(each.resolvedType) ?? wellKnown(each.resolvedType);
  return names.has(each.resolvedType) || WELL_KNOWN.has(name) ? name : unsupported(each);
}

function wellKnown(type) {
  return type.fullName.startsWith('.google.protobuf.') ? type.name : undefined;
}

function full(node) {
  return node.fullName.slice(1);
}

function doc(node, indent) {
  return node.comment ? `${indent}/** ${node.comment.replace(/\s+/g, ' ')} */\n` : '';
}

function unsupported(each) {
  throw new Error(
    `${each.fullName}: type ${each.type} is not supported by src/hubble/proto/codec.ts`,
  );
}
