// FlowFilters over the tables of denials: conditions written for `flows`, under the same names where the columns are
// there, else under names made of what is there. What neither has is refused, by the name of the filter.

import { type FlowFilter, Verdict } from '../../hubble/proto/schema.gen.ts';
import { inputError, type ParallaxError } from '../../runtime/errors.ts';
import { FLOW_COLUMNS, PRESENCE } from '../../store/schema/columns.ts';
import { DENIAL_COLUMNS, INCIDENT_COLUMNS } from '../../store/schema/denial-columns.ts';
import type { QueryParams } from '../../store/store.ts';
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
  readonly where: string;
  readonly params: QueryParams;
  /** Whether `incidents` has all that it asks about; `denials` always has. */
  readonly ofIncidents: boolean;
}

type Table = 'denials' | 'incidents';

const { DROPPED, AUDIT } = Verdict.numbers;
const NO_POLICY = 'none';

/** Columns of `flows` made of those of both tables. */
const MADE: Readonly<Record<string, string>> = {
  source_cluster_name: 'source_cluster',
  destination_cluster_name: 'destination_cluster',
  source_workloads: kindAndName('source_workload'),
  destination_workloads: kindAndName('destination_workload'),
};
/** And of those of `denials`. */
const MADE_OF_DENIALS: Readonly<Record<string, string>> = {
  ...MADE,
  // The first name is kept, as what the source is called.
  source_names:
    "if(source_workload != '' OR source_peer = source_pod_name OR match(source_peer, '^(cidr|reserved):'), '', source_peer)",
  destination_service_namespace: "splitByChar('/', destination_service)[1]",
  destination_service_name:
    "substring(destination_service, position(destination_service, '/') + 1)",
  l7_protocol: "multiIf(dns_query != '', 1, http_method != '' OR http_url != '', 2, 0)",
  ip_version: "multiIf(ip_source = '', 0, position(ip_source, ':') = 0, 1, 2)",
  // Both ends are there, whatever is known of them; every uuid is the flow's own, or stands for one.
  presence: `toUInt64(${2 ** PRESENCE['flow.source'] + 2 ** PRESENCE['flow.destination']})`,
  uuid_text: "''",
};
const TABLES: Readonly<Record<Table, ReadonlySet<string>>> = {
  denials: new Set([...DENIAL_COLUMNS.map(({ name }) => name), ...Object.keys(MADE_OF_DENIALS)]),
  incidents: new Set([...INCIDENT_COLUMNS.map(({ name }) => name), ...Object.keys(MADE)]),
};
const OF_FLOWS: ReadonlySet<string> = new Set(FLOW_COLUMNS.map(({ name }) => name));

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
  const parts = [flows.where, ...own.parts].filter((part) => part !== '1');
  const where = parts.length === 0 ? '1' : parts.map((part) => `(${part})`).join(' AND ');
  return {
    where,
    params: { ...flows.params, ...own.params },
    ofIncidents: columnsOf(where).every((name) => TABLES.incidents.has(name)),
  };
}

/** What stands before SELECT, so that a condition's names mean something in the table. */
export function namesOf(table: Table, { where }: DenialCondition): string {
  const used = new Set(columnsOf(where));
  const made = Object.entries(table === 'denials' ? MADE_OF_DENIALS : MADE);
  const names = made.flatMap(([name, sql]) => (used.has(name) ? [`${sql} AS ${name}`] : []));
  return names.length === 0 ? '' : `WITH ${names.join(', ')} `;
}

function ownConditions({ whitelist, policies = [], clusters = [], stream }: DenialFilter) {
  const parts: string[] = [];
  const params: Record<string, string | readonly string[]> = {};
  const named = whitelist.some(({ verdict = [] }) => verdict.length > 0);
  const shown = stream ?? (named ? 'all' : 'dropped');
  if (shown !== 'all') parts.push(`verdict = ${shown === 'audit' ? AUDIT : DROPPED}`);
  if (clusters.length > 0) {
    parts.push('cluster IN {deniedIn:Array(String)}');
    params.deniedIn = clusters;
  }
  if (policies.length > 0) {
    const lines = policies.filter((name) => name !== NO_POLICY).map(policyPattern);
    const any = lines.length === 0 ? [] : ['match(policies, {policyLine:String})'];
    if (policies.includes(NO_POLICY)) any.push("policies = ''");
    parts.push(any.join(' OR '));
    if (lines.length > 0) params.policyLine = wholeLine(lines);
  }
  return { parts, params };
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
  const { where, exact } = compileSql([filter], []);
  return exact && columnsOf(where).every((name) => TABLES.denials.has(name));
}

function notOfDenials(field: string): ParallaxError {
  const name = field.slice(field.indexOf('.') + 1);
  return inputError(
    `denials cannot be filtered by ${name}: it is not kept with them; use another filter, or ask for flows (\`parallax observe --verdict DROPPED\`)`,
    { field },
  );
}

/** Columns that a condition reads. Values are parameters: outside of quotes and braces all names are columns. */
function columnsOf(where: string): string[] {
  const bare = where.replace(/'(?:[^'\\]|\\.)*'|\{[^}]*\}/g, ' ');
  return [...new Set(bare.match(/[a-z_][a-z0-9_]*/g) ?? [])].filter((name) => isColumn(name));
}

function isColumn(name: string): boolean {
  return OF_FLOWS.has(name) || TABLES.denials.has(name);
}

/** `Kind/name` of `namespace/Kind/name`. */
function kindAndName(column: string): string {
  return `substring(${column}, position(${column}, '/') + 1)`;
}
