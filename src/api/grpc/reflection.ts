// grpc.reflection: the schema of the services, for clients without .proto files (grpcurl, `hubble reflect`). The library
// answers single questions; the calls are ours, so that authentication, stream limits and flow control apply.
import { type ServerDuplexStream, type ServiceDefinition, status } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { fileDescriptors } from './descriptors.ts';

/** As the library decodes it. */
interface Question {
  readonly messageRequest?: string;
  readonly fileByFilename?: string;
  readonly fileContainingSymbol?: string;
  readonly allExtensionNumbersOfType?: string;
}

interface Answer {
  readonly errorResponse?: { readonly errorCode: number; readonly errorMessage: string };
  readonly [member: string]: unknown;
}

type Reflect = (question: Question) => Answer;

export interface ReflectionVersion {
  readonly definition: ServiceDefinition;
  readonly answer: Reflect;
}

/** grpc.reflection.v1 and v1alpha. */
export function reflectionVersions(): ReflectionVersion[] {
  const versions: ReflectionVersion[] = [];
  const files: unknown = { proto: { fileDescriptorProtos: fileDescriptors() } };
  // The library reads the descriptors of a package alone.
  const service = new ReflectionService(
    files as ConstructorParameters<typeof ReflectionService>[0],
  );
  service.addToServer({
    addService(definition, { ServerReflectionInfo: handle }) {
      versions.push({ definition, answer: corrected(reflectBy(handle as Handler)) }); // its only method
    },
  });
  return versions;
}

type Handler = (call: ServerDuplexStream<Question, Answer>) => void;

/** The library's handler writes its answer while it is handed the question. */
function reflectBy(handle: Handler): Reflect {
  let ask: (question: Question) => void = () => undefined;
  let answer: Answer = {};
  const call = {
    on: (event: string, listener: (question: Question) => void) => {
      if (event === 'data') ask = listener;
    },
    write: (written: Answer) => {
      answer = written;
    },
  };
  handle(call as unknown as ServerDuplexStream<Question, Answer>); // uses no more of it
  return (question) => {
    ask(question);
    return answer;
  };
}

/** 1.0.4 takes members of Object.prototype for symbols, and knows no extension numbers of types that have none. */
function corrected(reflect: Reflect): Reflect {
  return (question) => {
    const failed = (errorCode: status, errorMessage: string): Answer => ({
      originalRequest: question,
      errorResponse: { errorCode, errorMessage },
    });
    const { messageRequest, fileContainingSymbol, fileByFilename } = question;
    const name = fileContainingSymbol || fileByFilename || '';
    if (name in Object.prototype) return failed(status.NOT_FOUND, `Symbol not found: ${name}`);
    if (messageRequest === undefined)
      return failed(status.INVALID_ARGUMENT, 'The request has no question');
    const { allExtensionNumbersOfType: type } = question;
    if (!type) return reflect(question);
    const { errorResponse, validHost } = reflect({
      ...question,
      messageRequest: 'fileContainingSymbol',
      fileContainingSymbol: type,
    });
    if (errorResponse !== undefined)
      return failed(errorResponse.errorCode, errorResponse.errorMessage);
    const allExtensionNumbersResponse = { baseTypeName: type };
    return { validHost, originalRequest: question, allExtensionNumbersResponse };
  };
}
