// Types of expressions, their notation in messages, and assignability. A type parameter is open until the bindings hold
// a type for it.
export type Kind =
  | 'bool'
  | 'int'
  | 'uint'
  | 'double'
  | 'string'
  | 'bytes'
  | 'null'
  | 'dyn'
  | 'any'
  | 'error'
  | 'timestamp'
  | 'duration'
  | 'list'
  | 'map'
  | 'type'
  | 'struct'
  | 'param';

export interface CelType {
  readonly kind: Kind;
  /** Full name of a message, name of a parameter. */
  readonly name: string;
  readonly params: readonly CelType[];
  /** A protobuf wrapper: the plain type or null. */
  readonly nullable: boolean;
}

function simple(kind: Kind): CelType {
  return { kind, name: kind, params: [], nullable: false };
}

export const BOOL = simple('bool');
export const INT = simple('int');
export const UINT = simple('uint');
export const DOUBLE = simple('double');
export const STRING = simple('string');
export const BYTES = simple('bytes');
export const NULL = simple('null');
export const DYN = simple('dyn');
export const ANY = simple('any');
export const ERROR = simple('error');
export const TIMESTAMP = simple('timestamp');
export const DURATION = simple('duration');
/** `type` itself: the type of types. */
export const TYPE = simple('type');

export function listOf(element: CelType): CelType {
  return { ...simple('list'), params: [element] };
}

export function mapOf(key: CelType, value: CelType): CelType {
  return { ...simple('map'), params: [key, value] };
}

export function typeOf(type: CelType): CelType {
  return { ...TYPE, params: [type] };
}

export function structOf(name: string): CelType {
  return { ...simple('struct'), name };
}

export function paramOf(name: string): CelType {
  return { ...simple('param'), name };
}

export function nullable(type: CelType): CelType {
  return { ...type, nullable: true };
}

/** As messages of the checker write it. */
export function format(type: CelType): string {
  if (type.kind === 'error') return '!error!';
  if (type.nullable) return `wrapper(${type.name})`;
  if (type.params.length === 0) return type.name;
  return `${type.name}(${type.params.map(format).join(', ')})`;
}

const LONG_NAMES: Partial<Record<Kind, string>> = {
  timestamp: 'google.protobuf.Timestamp',
  duration: 'google.protobuf.Duration',
  any: 'google.protobuf.Any',
  null: 'null_type',
};

/** As the complaint about a result that is no bool writes it. */
export function declaredName(type: CelType): string {
  const name = LONG_NAMES[type.kind] ?? type.name;
  if (type.nullable) return `wrapper(${name})`;
  return type.params.length === 0 ? name : `${name}(${type.params.map(declaredName).join(', ')})`;
}

function same(a: CelType, b: CelType): boolean {
  return (
    a.kind === b.kind &&
    a.name === b.name &&
    a.params.length === b.params.length &&
    a.params.every((param, index) => same(param, b.params[index] ?? ERROR))
  );
}

export { same as sameType };

type Bound = Map<string, CelType>;

/** Types bound to type parameters. A failed comparison changes nothing. */
export class Bindings {
  private bound: Bound = new Map();
  private count = 0;

  fresh(): CelType {
    return paramOf(`_var${this.count++}`);
  }

  /** True when a value of each type can stand where that of the other list is wanted; binds parameters then. */
  assignable(given: readonly CelType[], wanted: readonly CelType[]): boolean {
    const trial = new Map(this.bound);
    if (!allAssignable(trial, given, wanted)) return false;
    this.bound = trial;
    return true;
  }

  /** The type with its bound parameters replaced; open ones become dyn with `openToDyn`. */
  resolve(type: CelType, openToDyn = false): CelType {
    if (type.kind === 'param') {
      const bound = this.bound.get(type.name);
      if (bound !== undefined) return this.resolve(bound, openToDyn);
      return openToDyn ? DYN : type;
    }
    if (type.params.length === 0) return type;
    return { ...type, params: type.params.map((param) => this.resolve(param, openToDyn)) };
  }
}

function allAssignable(
  bound: Bound,
  given: readonly CelType[],
  wanted: readonly CelType[],
): boolean {
  return (
    given.length === wanted.length &&
    given.every((type, index) => isAssignable(bound, type, wanted[index] ?? ERROR))
  );
}

function isAssignable(bound: Bound, a: CelType, b: CelType): boolean {
  if (b.kind === 'param') {
    const had = bound.has(b.name);
    if (substitutes(bound, a, b)) return true;
    if (had) return false;
  }
  if (a.kind === 'param') return substitutes(bound, b, a);
  if (isOpen(a) || isOpen(b)) return true;
  if (a.kind === 'null') return takesNull(b);
  if (b.kind === 'null') return takesNull(a);
  if (a.kind !== b.kind) return false;
  if (a.kind === 'type') return true;
  return a.name === b.name && allAssignable(bound, a.params, b.params);
}

function isOpen({ kind }: CelType): boolean {
  return kind === 'dyn' || kind === 'error' || kind === 'any';
}

function takesNull(type: CelType): boolean {
  return type.nullable || ['null', 'struct', 'timestamp', 'duration'].includes(type.kind);
}

/** Can `type` be what the parameter stands for? Widens what it stood for so far. */
function substitutes(bound: Bound, type: CelType, param: CelType): boolean {
  if (type.kind === 'param' && type.name === param.name) return true;
  const before = bound.get(param.name);
  if (before === undefined) {
    if (mentions(bound, param, type)) return false;
    bound.set(param.name, type);
    return true;
  }
  if (same(type, before)) return true;
  if (!isAssignable(bound, type, before)) return false;
  const wider = mostGeneral(type, before);
  if (!mentions(bound, param, wider)) bound.set(param.name, wider);
  return true;
}

function mentions(bound: Bound, param: CelType, within: CelType): boolean {
  if (within.kind === 'param') {
    if (within.name === param.name) return true;
    const stands = bound.get(within.name);
    return stands !== undefined && mentions(bound, param, stands);
  }
  return within.params.some((each) => mentions(bound, param, each));
}

/** The wider of two types that go together. */
export function mostGeneral(a: CelType, b: CelType): CelType {
  return isWider(a, b) ? a : b;
}

function isWider(a: CelType, b: CelType): boolean {
  if (a.kind === 'dyn' || a.kind === 'param') return true;
  if (b.kind === 'dyn' || b.kind === 'param' || a.kind !== b.kind) return false;
  if (a.kind === 'type') return true;
  if (a.kind === 'list' || a.kind === 'map')
    return a.params.every((param, index) => isWider(param, b.params[index] ?? ERROR));
  return same(a, b);
}
