// docs/reference/errors.md from the one table of errors.
import { EXIT_UNKNOWN } from '../../src/runtime/exit.ts';
import { code, GENERATED, table } from './markdown.ts';

interface Entry {
  readonly http: number;
  readonly grpc: string;
  readonly exit: number;
  readonly retriable: boolean;
  readonly doc: string;
}

export const OTHER_EXITS: readonly (readonly [code: string, meaning: string])[] = [
  ['0', 'Done, or stopped by a signal with everything drained.'],
  [
    '1',
    'Refused flags or input; or a stop that ran out of time (shutdownTimeout) before all was drained.',
  ],
  [String(EXIT_UNKNOWN), 'A defect of the program: the stack is printed. Please report it.'],
  ['130, 143', 'Ended by a second SIGINT or SIGTERM, without draining.'],
];

export function errorsPage(errors: Readonly<Record<string, Entry>>): string {
  const rows = Object.entries(errors).map(([name, entry]) => [
    code(name),
    String(entry.exit),
    String(entry.http),
    code(entry.grpc),
    entry.retriable ? 'yes' : 'no',
    entry.doc,
  ]);
  return `# Errors
${GENERATED}
Every error has a code, shown in logs, metrics and API responses, and a message with the wrong value and the cure. Commands
print the message to standard error and exit with the exit code of the code.

${table(['Code', 'Exit code', 'HTTP status', 'gRPC status', 'Retry may help', 'Meaning'], rows)}

## Other exit codes
${table(['Exit code', 'Meaning'], OTHER_EXITS)}
`;
}
