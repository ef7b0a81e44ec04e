// Conditions on incidents: names in the configuration, as parameters and on the command line, meaning, and values.
import { parsePrefix } from '../hubble/filter/address.ts';
import { upTo } from '../hubble/filter/form.ts';
import { inputError, type ParallaxError } from '../runtime/errors.ts';
import type { IncidentConditions, IncidentFilter } from './incident-filter.ts';

interface Condition {
  readonly kind: 'words' | 'ports' | 'flag';
  readonly doc: string;
  /** Allowed values, where they are a list; patterns may match some of them. */
  readonly among?: readonly string[];
}

const PORT = new RegExp(`^(0[0-9]{0,4}|${upTo(65_535n)})$`);
const WORKLOAD = '`name`, `namespace/name` or `namespace/Kind/name`';
const PEER = 'DNS name, address, prefix (takes in what lies in it), `reserved:world`, …';

export const INCIDENT_CONDITIONS = {
  cluster: { kind: 'words', doc: 'Cluster that denies.' },
  fromCluster: { kind: 'words', doc: 'Cluster of the source.' },
  toCluster: { kind: 'words', doc: 'Cluster of the destination.' },
  crossCluster: {
    kind: 'flag',
    doc: 'Whether both clusters are known and differ: `true` selects only those, `false` all others.',
  },
  namespace: { kind: 'words', doc: 'Namespace of either end.' },
  fromNamespace: { kind: 'words', doc: 'Namespace of the source.' },
  toNamespace: { kind: 'words', doc: 'Namespace of the destination.' },
  workload: {
    kind: 'words',
    doc: `Workload of either end as ${WORKLOAD}; ends without one by what they are called.`,
  },
  fromWorkload: { kind: 'words', doc: 'Workload of the source.' },
  toWorkload: { kind: 'words', doc: 'Workload of the destination.' },
  peer: { kind: 'words', doc: `Either end, where it has no workload: ${PEER}` },
  fromPeer: { kind: 'words', doc: 'The source, where it has no workload.' },
  toPeer: { kind: 'words', doc: 'The destination, where it has no workload.' },
  policy: {
    kind: 'words',
    doc: 'Policy that denies as `name`, `namespace/name` or `Kind namespace/name`; `none` where none is named.',
  },
  reason: {
    kind: 'words',
    doc: 'Drop reason (`POLICY_DENIED`), or how it is denied (`default-deny`).',
  },
  direction: {
    kind: 'words',
    doc: '`INGRESS` or `EGRESS`.',
    among: ['INGRESS', 'EGRESS', 'TRAFFIC_DIRECTION_UNKNOWN'],
  },
  protocol: { kind: 'words', doc: '`TCP`, `UDP`, `ICMPv4`, …' },
  port: { kind: 'ports', doc: 'Port of the destination.' },
  verdict: {
    kind: 'words',
    doc: '`DROPPED` or `AUDIT`; what was dropped when left out.',
    among: ['DROPPED', 'AUDIT'],
  },
} as const satisfies Record<keyof IncidentConditions, Condition>;

export type IncidentCondition = keyof typeof INCIDENT_CONDITIONS;

// Its own keys.
export const CONDITION_NAMES = Object.keys(INCIDENT_CONDITIONS) as readonly IncidentCondition[];

/** Before a parameter's name: leaves out what it would find. */
export const NOT = 'not.';

/** `fromCluster` as parameters and flags have it: `from-cluster`. */
export function parameterOf(condition: string): string {
  return condition.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

const BY_PARAMETER: ReadonlyMap<string, IncidentCondition> = new Map(
  CONDITION_NAMES.map((name) => [parameterOf(name), name]),
);

/** The texts that a condition takes, where they are known; undefined: any. */
export function conditionPattern(name: IncidentCondition): RegExp | undefined {
  const { kind, among }: Condition = INCIDENT_CONDITIONS[name];
  if (kind === 'ports') return PORT;
  if (among === undefined) return undefined;
  const letter = (each: string) => (/[A-Z]/.test(each) ? `[${each}${each.toLowerCase()}]` : each);
  const words = among.map((word) => [...word].map(letter).join(''));
  return new RegExp(`^(.*\\*.*|${words.join('|')})$`);
}

/** Error text for a value of a condition; undefined when it is valid. */
export function conditionProblem(name: IncidentCondition, value: string): string | undefined {
  const { kind, among }: Condition = INCIDENT_CONDITIONS[name];
  const shown = JSON.stringify(value);
  if (kind === 'flag') return isFlag(value) ? undefined : `takes true or false, not ${shown}`;
  if (kind === 'ports') return PORT.test(value) ? undefined : `${shown} is no port`;
  if (value === '') return 'is empty; leave it out to ask for all, or write *';
  if (value.includes('*')) return undefined;
  if (among !== undefined && !among.includes(value.toUpperCase()))
    return `${shown} is none; there are ${among.join(', ')}`;
  const prefix = /peer$/i.test(name) && /^[\d.]+\/\d+$|^[\da-f:.]*:[\da-f:.]*\/\d+$/i.test(value);
  if (prefix && parsePrefix(value) === undefined) return `${shown} is no prefix of addresses`;
  return undefined;
}

/**
 * The filter that parameters say: each of a name of its own, with `not.` before it to leave out what it finds, whatever
 * else is left out. Throws `input/invalid` by way of `refuse`, for names that are no condition too.
 */
export function filterOfParameters(
  parameters: Iterable<readonly [name: string, values: readonly string[]]>,
  refuse: (name: string, why: string) => Error = refusal,
): IncidentFilter {
  const wanted: Record<string, unknown> = {};
  const not: IncidentConditions[] = [];
  for (const [name, values] of parameters) {
    const excludes = name.startsWith(NOT);
    const condition = BY_PARAMETER.get(excludes ? name.slice(NOT.length) : name);
    if (condition === undefined)
      throw refuse(name, `is no condition; there are ${[...BY_PARAMETER.keys()].join(', ')}`);
    for (const value of values) {
      const problem = conditionProblem(condition, value);
      if (problem !== undefined) throw refuse(name, problem);
    }
    const value = conditionValue(condition, values);
    if (excludes) not.push({ [condition]: value });
    else wanted[condition] = value;
  }
  return { ...wanted, ...(not.length > 0 && { not }) };
}

function conditionValue(name: IncidentCondition, values: readonly string[]): unknown {
  const { kind } = INCIDENT_CONDITIONS[name];
  if (kind === 'flag') return values.at(-1) !== 'false';
  return kind === 'ports' ? values.map(Number) : values;
}

function isFlag(value: string): boolean {
  return ['true', 'false', ''].includes(value);
}

function refusal(name: string, why: string): ParallaxError {
  return inputError(`${name}: ${why}`);
}
