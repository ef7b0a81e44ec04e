// src/api/grpc/descriptors.gen.ts: every file of the services we serve as a FileDescriptorProto, which is how server
// reflection hands them out.
import protobuf from 'protobufjs';
import descriptor from 'protobufjs/ext/descriptor.js';

const REFLECTION = 'grpc.reflection.v1';
const WELL_KNOWN = {
  Any: 'any',
  FieldMask: 'field_mask',
  Timestamp: 'timestamp',
};

/** The text of the file; `sources` are the names by which the files of `root` were loaded. */
export function descriptorsText(root, sources) {
  const files = new Map();
  visit(root, (node) => {
    const name = fileOf(node, sources);
    const members = files.get(name) ?? [];
    files.set(name, [...members, node]);
  });
  const made = [...files].map(([name, members]) => fileDescriptor(name, members, sources));
  // Older clients ask the same service by its name before it was settled.
  const reflection = made.find((file) => file.package === REFLECTION);
  made.push(
    JSON.parse(
      JSON.stringify(reflection)
        .replaceAll(REFLECTION, `${REFLECTION}alpha`)
        .replace('reflection/v1/', 'reflection/v1alpha/'),
    ),
  );
  const used = new Set();
  const use = (name) => {
    if (used.has(name)) return;
    used.add(name);
    for (const each of made.find((file) => file.name === name).dependency) use(each);
  };
  for (const { name, service } of made) if (service.length > 0) use(name);
  const rows = made
    .filter(({ name }) => used.has(name))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(rowText);
  return `// Generated from proto/ by scripts/generate.mjs. Change the .proto files and run \`npm run generate\`.

/** One .proto file: what it imports, what it defines, and its FileDescriptorProto in base64. */
export interface ProtoFile {
  readonly name: string;
  readonly imports: readonly string[];
  readonly services: readonly string[];
  /** Full names of its messages, enums, services and methods. */
  readonly symbols: readonly string[];
  readonly descriptor: string;
}

export const PROTO_FILES: readonly ProtoFile[] = [
${rows.join('')}];
`;
}

function visit(namespace, found) {
  for (const node of namespace.nestedArray ?? []) {
    if (isDefinition(node)) found(node);
    else visit(node, found);
  }
}

function isDefinition(node) {
  return (
    node instanceof protobuf.Type ||
    node instanceof protobuf.Enum ||
    node instanceof protobuf.Service
  );
}

function fileOf(node, sources) {
  let outer = node;
  while (isDefinition(outer.parent)) outer = outer.parent;
  if (outer.fullName.startsWith('.google.protobuf.'))
    return `google/protobuf/${WELL_KNOWN[outer.name] ?? 'wrappers'}.proto`;
  const source = sources.find((name) => outer.filename?.endsWith(`/proto/${name}`));
  if (source === undefined) throw new Error(`${outer.fullName} is of no file of ours`);
  return source;
}

function fileDescriptor(name, members, sources) {
  const imports = new Set();
  const refer = (type) => {
    const file = fileOf(type, sources);
    if (file !== name) imports.add(file);
    return type.fullName;
  };
  const file = {
    name,
    package: members[0].parent.fullName.slice(1),
    syntax: 'proto3',
    messageType: [],
    enumType: [],
    service: [],
  };
  for (const node of members) {
    if (node instanceof protobuf.Type) file.messageType.push(messageDescriptor(node, refer));
    else if (node instanceof protobuf.Enum) file.enumType.push(plain(node.toDescriptor()));
    else file.service.push(serviceDescriptor(node, refer));
  }
  return { ...file, dependency: [...imports].sort() };
}

/** Types are named in full: not every client looks them up from where they stand. */
function messageDescriptor(type, refer) {
  const made = plain(type.toDescriptor('proto3'));
  for (const [i, { resolvedType }] of type.fieldsArray.entries())
    if (resolvedType) made.field[i].typeName = refer(resolvedType);
  made.nestedType = type.nestedArray
    .filter((node) => node instanceof protobuf.Type)
    .map((node) => messageDescriptor(node, refer));
  return made;
}

function serviceDescriptor(service, refer) {
  const made = plain(service.toDescriptor());
  for (const [i, method] of service.methodsArray.entries()) {
    made.method[i].inputType = refer(method.resolvedRequestType);
    made.method[i].outputType = refer(method.resolvedResponseType);
  }
  return made;
}

function plain(made) {
  return made.toJSON();
}

function rowText(file) {
  const bytes = descriptor.FileDescriptorProto.encode(
    descriptor.FileDescriptorProto.fromObject(file),
  ).finish();
  const services = file.service.map(({ name }) => `${file.package}.${name}`);
  const list = (texts) => JSON.stringify(texts);
  return `  {
    name: '${file.name}',
    imports: ${list(file.dependency)},
    services: ${list(services)},
    symbols: ${list([...symbols(file)])},
    descriptor: '${Buffer.from(bytes).toString('base64')}',
  },
`;
}

function* symbols(file) {
  const within = function* (scope, { messageType = [], nestedType = [], enumType = [] }) {
    for (const each of [...messageType, ...nestedType]) {
      yield `${scope}.${each.name}`;
      yield* within(`${scope}.${each.name}`, each);
    }
    for (const { name } of enumType) yield `${scope}.${name}`;
  };
  yield* within(file.package, file);
  for (const { name, method } of file.service) {
    yield `${file.package}.${name}`;
    for (const each of method) yield `${file.package}.${name}.${each.name}`;
  }
}
