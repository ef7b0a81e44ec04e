// `--where`: conditions on incidents, the same as those of webhooks and of the feed. A server's feed is asked with them;
// what comes from anywhere else is looked at here.

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
