// FlowFilters over the tables of denials: conditions written for `flows`, under the same names where the columns are
// there, else under names made of what is there. What neither has is refused, by the name of the filter.

import { type FlowFilter, Verdict } from '../../hubble/proto/schema.gen.ts';
import { inputError, type ParallaxError } from '../../runtime/errors.ts';
import { PRESENCE } from '../../store/schema/columns.ts';
import { DENIAL_COLUMNS, INCIDENT_COLUMNS } from '../../store/schema/denial-columns.ts';
import {
  ALWAYS,
  allOf,
  anyOf,
  column,
  EMPTY,
  join,
  param,
  type Sql,
  sql,
} from '../../store/sql.ts';
import { compileSql } from '../sql/compile.ts';
import { quoteRegex, wholeLine } from '../sql/regex.ts';

export interface DenialFilter {
  readonly whitelist: readonly FlowFilter[];
  readonly blacklist: readonly FlowFilter[];
  /** Of the policies that deny: `name`, `namespace/name`, `Kind namespace/name`, or `none`. */
  readonly policies?: readonly string[];
  /** Keys of the clusters that deny. */
  readonly clusters?: readonly string[];
  /** Denied, let pass in audit mode, or both; without it what the filters say, else what was denied. */
  readonly stream?: Stream | undefined;
}

export type Stream = 'dropped' | 'audit' | 'all';

export interface DenialCondition {
  readonly where: Sql;
  /** Whether `incidents` has all that it asks about; `denials` always has. */
  readonly ofIncidents: boolean;
}

type Table = 'denials' | 'incidents';

const { DROPPED, AUDIT } = Verdict.numbers;
const NO_POLICY = 'none';

/** Columns of `flows` made of those of both tables. */
const MADE: Readonly<Record<string, Sql>> = {
  source_cluster_name: sql`source_cluster`,
  destination_cluster_name: sql`destination_cluster`,
  source_workloads: kindAndName('source_workload'),
  destination_workloads: kindAndName('destination_workload'),
};
/** And of those of `denials`. */
const MADE_OF_DENIALS: Readonly<Record<string, Sql>> = {
  ...MADE,
  // The first name is kept, as what the source is called.
  source_names: sql`if(source_workload != '' OR source_peer = source_pod_name OR match(source_peer, '^(cidr|reserved):'), '', source_peer)`,
  destination_service_namespace: sql`splitByChar('/', destination_service)[1]`,
  destination_service_name: sql`substring(destination_service, position(destination_service, '/') + 1)`,
  l7_protocol: sql`multiIf(dns_query != '', 1, http_method != '' OR http_url != '', 2, 0)`,
  ip_version: sql`multiIf(ip_source = '', 0, position(ip_source, ':') = 0, 1, 2)`,
  // Both ends are there, whatever is known of them; every uuid is the flow's own, or stands for one.
  presence: sql`toUInt64(${2 ** PRESENCE['flow.source'] + 2 ** PRESENCE['flow.destination']})`,
  uuid_text: sql`''`,
};
const TABLES: Readonly<Record<Table, ReadonlySet<string>>> = {
  denials: new Set([...DENIAL_COLUMNS.map(({ name }) => name), ...Object.keys(MADE_OF_DENIALS)]),
  incidents: new Set([...INCIDENT_COLUMNS.map(({ name }) => name), ...Object.keys(MADE)]),
};

/** Of these a denial keeps nothing that the columns would show; expressions may ask for any part of a flow. */
const REFUSED: ReadonlySet<string> = new Set([
  'experimental',
  'event_type',
  'interface',
  'tcp_flags',
  'reply',
]);

/** Throws `input/invalid` with the field's name for what cannot be asked of denials. */
export function denialCondition(filter: DenialFilter): DenialCondition {
  const whitelist = withoutSourceService('whitelist', filter.whitelist);
  const blacklist = withoutSourceService('blacklist', filter.blacklist);
  checkFields('whitelist', whitelist);
  checkFields('blacklist', blacklist);
  const flows = compileSql(whitelist, blacklist);
  const own = ownConditions({ ...filter, whitelist });
  const where = allOf([flows.condition, ...own].filter((part) => part !== ALWAYS));
  return { where, ofIncidents: has('incidents', where) };
}

/** What stands before SELECT, so that a condition's names mean something in the table. */
export function namesOf(table: Table, { where }: DenialCondition): Sql {
  const made = Object.entries(table === 'denials' ? MADE_OF_DENIALS : MADE);
  const names = made.flatMap(([name, value]) =>
    where.columns.has(name) ? [sql`${value} AS ${column(name)}`] : [],
  );
  return names.length === 0 ? EMPTY : sql`WITH ${join(names, sql`, `)} `;
}

function ownConditions({ whitelist, policies = [], clusters = [], stream }: DenialFilter): Sql[] {
  const parts: Sql[] = [];
  const named = whitelist.some(({ verdict = [] }) => verdict.length > 0);
  const shown = stream ?? (named ? 'all' : 'dropped');
  if (shown !== 'all') parts.push(sql`verdict = ${shown === 'audit' ? AUDIT : DROPPED}`);
  if (clusters.length > 0) parts.push(sql`cluster IN ${param(clusters, 'Array(String)')}`);
  if (policies.length > 0) {
    const lines = policies.filter((name) => name !== NO_POLICY).map(policyPattern);
    parts.push(
      anyOf([
        ...(lines.length === 0 ? [] : [sql`match(policies, ${param(wholeLine(lines), 'String')})`]),
        ...(policies.includes(NO_POLICY) ? [sql`policies = ''`] : []),
      ]),
    );
  }
  return parts;
}

/** Of a line `Kind namespace/name`: all of it, without the kind, or the name alone. */
function policyPattern(text: string): string {
  const [, kind = '[^\\n ]*', path = text] = /^(\S+) (.*)$/.exec(text) ?? [];
  const own = path.includes('/') ? quoteRegex(path) : `(?:[^\\n/ ]*/)?${quoteRegex(path)}`;
  return `(?:${kind === '[^\\n ]*' ? kind : quoteRegex(kind)} )?${own}`;
}

/**
 * A flag without direction asks for either end; the service of a source is not kept, so that half matches nothing. Alone
 * it is refused.
 */
function withoutSourceService(list: string, filters: readonly FlowFilter[]): FlowFilter[] {
  const either = filters.some((each) => (each.destination_service ?? []).length > 0);
  const kept = filters.filter((each) => !either || (each.source_service ?? []).length === 0);
  const left = kept.find((each) => (each.source_service ?? []).length > 0);
  if (left !== undefined) throw notOfDenials(`${list}.source_service`);
  return kept;
}

function checkFields(list: string, filters: readonly FlowFilter[]): void {
  for (const filter of filters)
    for (const [field, value] of Object.entries(filter)) {
      if (value === undefined || field.startsWith('$')) continue;
      if (Array.isArray(value) && value.length === 0) continue;
      const known = !REFUSED.has(field) && isKnown({ [field]: value });
      if (!known) throw notOfDenials(`${list}.${field}`);
    }
}

/** Whether SQL can say all of it of the columns of `denials`. */
function isKnown(filter: FlowFilter): boolean {
  const { condition, exact } = compileSql([filter], []);
  return exact && has('denials', condition);
}

/** Whether the table has all columns of a condition, its own or made ones. */
function has(table: Table, { columns }: Sql): boolean {
  return [...columns].every((name) => TABLES[table].has(name));
}

function notOfDenials(field: string): ParallaxError {
  const name = field.slice(field.indexOf('.') + 1);
  return inputError(
    `denials cannot be filtered by ${name}: it is not kept with them; use another filter, or ask for flows (\`parallax observe --verdict DROPPED\`)`,
    { field },
  );
}

/** `Kind/name` of `namespace/Kind/name`. */
function kindAndName(name: string): Sql {
  return sql`substring(${column(name)}, position(${column(name)}, '/') + 1)`;
}
