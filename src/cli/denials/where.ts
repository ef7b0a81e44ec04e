// `--where`: the conditions on incidents that webhooks and the feed take. The feed of a server applies them itself; lists
// of incidents are filtered here.

import type { Incident } from '../../incident/incident.ts';
import { filterOfParameters } from '../../incident/incident-conditions.ts';
import { compileIncidentFilter } from '../../incident/incident-filter.ts';
import { inputError } from '../../runtime/errors.ts';

/** Values by parameter. */
export type Where = ReadonlyMap<string, readonly string[]>;

/** Of `NAME=VALUE`, or `NAME` for what is so or not. Throws `input/invalid`. */
export function readWhere(texts: readonly string[]): Where {
  const where = new Map<string, string[]>();
  for (const text of texts) {
    const [, name = '', value] = /^([^=]*)(?:=(.*))?$/s.exec(text) ?? [];
    where.set(name, [...(where.get(name) ?? []), value ?? 'true']);
  }
  filterOfParameters(where, refused);
  return where;
}

/** Whether an incident is wanted. Which verdicts are has been decided, unless `where` speaks of them. */
export function wantedBy(where: Where): (incident: Incident) => boolean {
  const filter = filterOfParameters(where, refused);
  return compileIncidentFilter({ verdict: ['*'], ...filter });
}

/** As parameters of the feed. */
export function whereParameters(where: Where): [name: string, value: string][] {
  return [...where].flatMap(([name, values]) =>
    values.map((value): [string, string] => [name, value]),
  );
}

function refused(name: string, why: string): Error {
  return inputError(`--where ${name}: ${why}`);
}
