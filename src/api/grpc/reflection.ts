// grpc.reflection: which services there are and how their messages are made, for clients that bring no .proto files
// (grpcurl, `hubble reflect`). It tells the schema, which is public, and nothing of flows.
import { status } from '@grpc/grpc-js';
import { decode, encode } from '../../hubble/proto/codec.ts';
import {
  type ErrorResponse,
  ServerReflectionRequest,
  ServerReflectionResponse,
} from '../../hubble/proto/schema.gen.ts';
import { PROTO_FILES, type ProtoFile } from './descriptors.gen.ts';

/** Both versions are the same bytes under another name; older clients ask for the second. */
export const REFLECTION_SERVICES = [
  'grpc.reflection.v1.ServerReflection',
  'grpc.reflection.v1alpha.ServerReflection',
].map((name) => ({
  ServerReflectionInfo: {
    path: `/${name}/ServerReflectionInfo`,
    requestStream: true,
    responseStream: true,
    requestSerialize: (message: ServerReflectionRequest) =>
      encode(ServerReflectionRequest, message),
    requestDeserialize: (bytes: Buffer) => decode(ServerReflectionRequest, bytes),
    responseSerialize: (message: ServerReflectionResponse) =>
      encode(ServerReflectionResponse, message),
    responseDeserialize: (bytes: Buffer) => decode(ServerReflectionResponse, bytes),
  },
}));

const BY_NAME: ReadonlyMap<string, ProtoFile> = new Map(
  PROTO_FILES.map((file) => [file.name, file]),
);
const BY_SYMBOL: ReadonlyMap<string, ProtoFile> = new Map(
  PROTO_FILES.flatMap((file) => file.symbols.map((symbol) => [symbol, file])),
);

/** The answer to one question of a stream. */
export function reflect(request: ServerReflectionRequest): ServerReflectionResponse {
  return {
    ...(request.host && { valid_host: request.host }),
    original_request: request,
    ...answer(request),
  };
}

function answer(request: ServerReflectionRequest): ServerReflectionResponse {
  const {
    list_services,
    file_by_filename,
    file_containing_symbol,
    file_containing_extension,
    all_extension_numbers_of_type: extended,
  } = request;
  if (list_services !== undefined) {
    const service = PROTO_FILES.flatMap(({ services }) => services.map((name) => ({ name })));
    return { list_services_response: { service } };
  }
  if (file_by_filename !== undefined)
    return fileOf(BY_NAME.get(file_by_filename), `no file ${file_by_filename}`);
  if (file_containing_symbol !== undefined)
    return fileOf(BY_SYMBOL.get(file_containing_symbol), `no symbol ${file_containing_symbol}`);
  // None of our messages is extended.
  if (file_containing_extension !== undefined)
    return { error_response: notFound('there are no extensions') };
  if (extended !== undefined)
    return BY_SYMBOL.has(extended)
      ? { all_extension_numbers_response: { base_type_name: extended } }
      : { error_response: notFound(`no message ${extended}`) };
  const error_message = 'asks nothing that is known';
  return { error_response: { error_code: status.INVALID_ARGUMENT, error_message } };
}

function notFound(error_message: string): ErrorResponse {
  return { error_code: status.NOT_FOUND, error_message };
}

/** The file and all that it needs. */
function fileOf(file: ProtoFile | undefined, otherwise: string): ServerReflectionResponse {
  if (file === undefined) return { error_response: notFound(otherwise) };
  const needed = new Set([file]);
  // A set tells of what is added while it is walked.
  for (const { imports } of needed)
    for (const name of imports) {
      const imported = BY_NAME.get(name);
      if (imported !== undefined) needed.add(imported);
    }
  const file_descriptor_proto = [...needed].map(({ descriptor }) =>
    Buffer.from(descriptor, 'base64'),
  );
  return { file_descriptor_response: { file_descriptor_proto } };
}
