// Overloads of CEL's standard functions, as cel-go declares them. Comparing int with uint or double needs a conversion,
// until the checker has entered a macro over a list: cel-go's restriction ends there.
import {
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  listOf,
  mapOf,
  paramOf,
  STRING,
  TIMESTAMP,
  typeOf,
  UINT,
} from './types.ts';

export interface Overload {
  readonly member: boolean;
  /** The receiver first, where there is one. */
  readonly args: readonly CelType[];
  readonly result: CelType;
  /** An order between numbers of different types. */
  readonly crossing: boolean;
}

const A = paramOf('A');
const B = paramOf('B');
const NAMES: Readonly<Record<string, CelType>> = {
  bool: BOOL,
  int: INT,
  uint: UINT,
  double: DOUBLE,
  string: STRING,
  bytes: BYTES,
  timestamp: TIMESTAMP,
  duration: DURATION,
  dyn: DYN,
  A,
  B,
  'list(A)': listOf(A),
  'map(A,B)': mapOf(A, B),
  'type(A)': typeOf(A),
};

function typeNamed(name: string): CelType {
  const type = NAMES[name];
  if (type === undefined) throw new TypeError(`no type ${name} in the table of functions`);
  return type;
}

/** `string.(string) bool` is a member of string, `(A A) bool` a function. */
function overload(text: string): Overload {
  const [, receiver, args = '', result = ''] = /^(?:(\S+)\.)?\((.*?)\) (\S+)$/.exec(text) ?? [];
  const names = [...(receiver === undefined ? [] : [receiver]), ...args.split(' ').filter(Boolean)];
  return {
    member: receiver !== undefined,
    args: names.map(typeNamed),
    result: typeNamed(result),
    crossing:
      result === 'bool' &&
      args.split(' ').every((name) => NUMBERS.includes(name)) &&
      args !== twice(names[0]),
  };
}

const NUMBERS = ['int', 'uint', 'double'];
const twice = (name = '') => `${name} ${name}`;
const COMPARABLE = [
  ...['bool bool', 'int int', 'int double', 'int uint', 'uint uint', 'uint double', 'uint int'],
  ...['double double', 'double int', 'double uint', 'string string', 'bytes bytes'],
  ...['timestamp timestamp', 'duration duration'],
];
const alike = (types: string) => types.split(' ').map((type) => `(${type} ${type}) ${type}`);
const ordering = COMPARABLE.map((types) => `(${types}) bool`);
const conversion = (result: string, from: string) =>
  from.split(' ').map((type) => `(${type}) ${result}`);
const ofTime = ['timestamp.() int'];

const TABLE: Readonly<Record<string, readonly string[]>> = {
  '_?_:_': ['(bool A A) A'],
  '!_': ['(bool) bool'],
  '-_': ['(double) double', '(int) int'],
  '_==_': ['(A A) bool'],
  '_!=_': ['(A A) bool'],
  '_<_': ordering,
  '_<=_': ordering,
  '_>_': ordering,
  '_>=_': ordering,
  '_+_': [
    ...alike('bytes double duration int list(A) string uint'),
    '(duration timestamp) timestamp',
    '(timestamp duration) timestamp',
  ],
  '_-_': [
    ...alike('double duration int uint'),
    '(timestamp duration) timestamp',
    '(timestamp timestamp) duration',
  ],
  '_*_': alike('double int uint'),
  '_/_': alike('double int uint'),
  '_%_': alike('int uint'),
  '_[_]': ['(list(A) int) A', '(map(A,B) A) B'],
  '@in': ['(A list(A)) bool', '(A map(A,B)) bool'],
  size: 'string bytes list(A) map(A,B)'
    .split(' ')
    .flatMap((type) => [`(${type}) int`, `${type}.() int`]),
  matches: ['(string string) bool', 'string.(string) bool'],
  contains: ['string.(string) bool'],
  startsWith: ['string.(string) bool'],
  endsWith: ['string.(string) bool'],
  type: ['(A) type(A)'],
  dyn: ['(A) dyn'],
  bool: conversion('bool', 'bool string'),
  bytes: conversion('bytes', 'bytes string'),
  double: conversion('double', 'double int string uint'),
  duration: conversion('duration', 'duration int string'),
  int: conversion('int', 'int double duration string timestamp uint'),
  string: conversion('string', 'string bool bytes double duration int timestamp uint'),
  timestamp: conversion('timestamp', 'timestamp int string'),
  uint: conversion('uint', 'uint double int string'),
  getFullYear: ofTime,
  getMonth: ofTime,
  getDayOfYear: ofTime,
  getDayOfMonth: ofTime,
  getDate: ofTime,
  getDayOfWeek: ofTime,
  getHours: [...ofTime, 'duration.() int'],
  getMinutes: [...ofTime, 'duration.() int'],
  getSeconds: [...ofTime, 'duration.() int'],
  getMilliseconds: [...ofTime, 'duration.() int'],
};

const OVERLOADS: ReadonlyMap<string, readonly Overload[]> = new Map(
  Object.entries(TABLE).map(([name, texts]) => [name, texts.map(overload)]),
);

/** The forms of a function; undefined when there is none of that name. */
export function overloadsOf(name: string): readonly Overload[] | undefined {
  return OVERLOADS.get(name);
}
