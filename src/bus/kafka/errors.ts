// The errors of kafkajs, classified once by their type and never by their text.

interface KafkaErrorShape {
  readonly name?: unknown;
  readonly type?: unknown;
  readonly retriable?: unknown;
  readonly cause?: unknown;
}

function shape(error: unknown): KafkaErrorShape {
  return typeof error === 'object' && error !== null ? error : {};
}

/** The chain of causes, outermost first. */
function* chain(error: unknown): Generator<KafkaErrorShape> {
  const seen = new Set<unknown>();
  for (let at = error; at !== undefined && at !== null && !seen.has(at); at = shape(at).cause) {
    seen.add(at);
    yield shape(at);
  }
}

export function hasType(error: unknown, ...types: string[]): boolean {
  for (const { type } of chain(error)) if (types.includes(String(type))) return true;
  return false;
}

/** The broker refuses the record for its size; sending it again cannot help. */
export function isTooLarge(error: unknown): boolean {
  return hasType(error, 'MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE');
}

/** The group rebalances or has dropped this member: the consumer must rejoin. */
export function isRebalance(error: unknown): boolean {
  return hasType(
    error,
    'REBALANCE_IN_PROGRESS',
    'ILLEGAL_GENERATION',
    'UNKNOWN_MEMBER_ID',
    'NOT_COORDINATOR_FOR_GROUP',
    'FENCED_INSTANCE_ID',
  );
}

/** A broker is taking the group over, or knows not yet that it does: it answers soon, without anyone changing anything. */
export function isGroupOpening(error: unknown): boolean {
  return hasType(
    error,
    'NOT_COORDINATOR_FOR_GROUP',
    'GROUP_COORDINATOR_NOT_AVAILABLE',
    'GROUP_LOAD_IN_PROGRESS',
  );
}

/** A new session may succeed without anyone changing anything. */
export function isRetriable(error: unknown): boolean {
  for (const { name, retriable } of chain(error)) {
    if (name === 'KafkaJSNumberOfRetriesExceeded' || retriable === true) return true;
    if (name === 'KafkaJSNoBrokerAvailableError' || name === 'KafkaJSBrokerNotFound') return true;
  }
  return false;
}

/** One line without a stack, with the type Kafka gives. */
export function describeError(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const { type } = shape(error);
  return typeof type === 'string' && !message.includes(type) ? `${type}: ${message}` : message;
}
