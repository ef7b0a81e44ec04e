// Hubble's names of numbers: enum values, and event numbers that have no enum.
import type { EnumType } from './proto/schema.ts';

/** Numbers of `event_type.type`, by the names that `--type` takes. */
export const EVENT_TYPES = {
  drop: 1,
  debug: 2,
  capture: 3,
  trace: 4,
  'policy-verdict': 5,
  'trace-sock': 7,
  l7: 129,
  agent: 130,
} as const;

/** Names of `policy_match_type` by number: on what a policy verdict was decided. */
export const POLICY_MATCHES: readonly string[] = [
  'none',
  'L3-Only',
  'L3-L4',
  'L4-Only',
  'all',
  'L3-Proto',
  'Proto-Only',
];

/** The name of an enum's number (absent is 0), or the number as text when a newer Hubble made it. */
export function enumName(type: EnumType, value = 0): string {
  return type.names.get(value) ?? String(value);
}

/** The number of a name, or of a number as text: what `enumName` returned. Undefined when it is neither. */
export function enumNumber(type: EnumType, name: string): number | undefined {
  if (Object.hasOwn(type.numbers, name)) return type.numbers[name];
  return /^-?\d{1,10}$/.test(name) && Number(name) === (Number(name) | 0)
    ? Number(name)
    : undefined;
}
