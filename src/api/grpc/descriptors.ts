// The .proto files of our services as FileDescriptorProtos. Root.toDescriptor merges files by package and leaves out what
// they import, and grpcurl refuses a file whose imports are missing: names and imports are added here.
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';
import descriptor, {
  type IDescriptorProto,
  type IFileDescriptorProto,
} from 'protobufjs/ext/descriptor.js';

const PROTO = fileURLToPath(new URL('../../../proto/', import.meta.url));
/** By package. */
const FILES: Readonly<Record<string, string>> = {
  flow: 'flow/flow.proto',
  relay: 'relay/relay.proto',
  observer: 'observer/observer.proto',
  peer: 'peer/peer.proto',
  'grpc.health.v1': 'grpc/health/v1/health.proto',
  'grpc.reflection.v1': 'grpc/reflection/v1/reflection.proto',
  'grpc.reflection.v1alpha': 'grpc/reflection/v1alpha/reflection.proto',
};
/** By type; all others of google.protobuf are wrappers. */
const WELL_KNOWN: Readonly<Record<string, string>> = {
  Any: 'any',
  FieldMask: 'field_mask',
  Timestamp: 'timestamp',
};

export function fileDescriptors(): Buffer[] {
  const root = new protobuf.Root();
  root.resolvePath = (_, target) => (protobuf.common.get(target) ? target : PROTO + target);
  root.loadSync(Object.values(FILES).sort(), { keepCase: true }).resolveAll();
  return root
    .toDescriptor('proto3')
    .file.flatMap(splitWellKnown)
    .map((file) => linked(file, root))
    .map((file) => Buffer.from(descriptor.FileDescriptorProto.encode(file).finish()));
}

function splitWellKnown(file: IFileDescriptorProto): IFileDescriptorProto[] {
  if (file.package !== 'google.protobuf') return [file];
  const names = new Set(file.messageType?.map(fileOfWellKnown));
  return [...names].map((name) => ({
    ...file,
    messageType: file.messageType?.filter((message) => fileOfWellKnown(message) === name) ?? [],
  }));
}

function fileOfWellKnown({ name = '' }: { readonly name?: string }): string {
  return `google/protobuf/${WELL_KNOWN[name] ?? 'wrappers'}.proto`;
}

/** `fullName` of a type begins with a dot. */
function fileOf(fullName: string): string {
  const [, wellKnown] = /^\.google\.protobuf\.(\w+)/.exec(fullName) ?? [];
  if (wellKnown !== undefined) return fileOfWellKnown({ name: wellKnown });
  const found = Object.entries(FILES).find(([name]) => fullName.startsWith(`.${name}.`));
  return found?.[1] ?? '';
}

/** Adds name and imports. Types are named in full, since not every client resolves relative names. */
function linked(file: IFileDescriptorProto, root: protobuf.Root): IFileDescriptorProto {
  const { package: scope = '', messageType = [], service = [] } = file;
  file.name = fileOf(`.${scope}.${messageType[0]?.name}`);
  const imports = new Set<string>();
  const refer = (from: string, type = '') => {
    const namespace = root.lookup(from) as protobuf.NamespaceBase; // packages and messages hold types
    const fullName = namespace.lookup(type, [protobuf.Type, protobuf.Enum])?.fullName ?? type;
    imports.add(fileOf(fullName));
    return fullName;
  };
  const link = ({ name, field = [], nestedType = [] }: IDescriptorProto, within: string) => {
    const from = `${within}.${name}`;
    for (const each of field) if (each.typeName) each.typeName = refer(from, each.typeName);
    for (const nested of nestedType) link(nested, from);
  };
  for (const message of messageType) link(message, scope);
  for (const method of service.flatMap((each) => each.method ?? [])) {
    method.inputType = refer(scope, method.inputType);
    method.outputType = refer(scope, method.outputType);
  }
  imports.delete(file.name);
  file.dependency = [...imports].sort();
  return file;
}
