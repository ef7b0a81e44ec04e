// The options of `parallax denials`: flags of observe, as far as denials have the fields, and some of its own.

import { FILTER_FLAGS, filterOf } from '../../hubble/filter/catalogue.ts';
import type { FilterLists } from '../../hubble/filter/flags.ts';
import { filtersFromJson } from '../../hubble/filter/json.ts';
import type { IncidentState } from '../../incident/incident.ts';
import type { Sort } from '../../query/denials/cursor.ts';
import type { Stream } from '../../query/denials/filter.ts';
import { inputError } from '../../runtime/errors.ts';
import { DAY_NS } from '../../runtime/time.ts';
import { type Place, placeOfValues } from '../client/server-flags.ts';
import { type Flag, parseArgs } from '../observe/args.ts';
import { FlagValues, flagKinds } from '../observe/flag-values.ts';
import { observeFlags } from '../observe/flags.ts';
import { noteOf, type OptionSources } from '../observe/options.ts';
import { outputFlag, outputOf } from '../output/flag.ts';
import type { Format } from '../output/format.ts';
import { unknownValue } from '../suggest.ts';
import { TimeReader } from '../time.ts';
import { readWhere, type Where } from './where.ts';

const STATES = ['open', 'resolved', 'stale', 'all'] as const;
const SORTS = ['last', 'first', 'count'] as const;

export interface DenialOptions extends FilterLists, Place {
  /** Nanoseconds since 1970; undefined: all that is kept. */
  readonly since: bigint | undefined;
  readonly until: bigint | undefined;
  readonly limit: number;
  /** Single denials in place of incidents. */
  readonly rows: boolean;
  readonly watch: boolean;
  /** A watch begins with the events since then, where a server has them. */
  readonly watchFrom: bigint | undefined;
  readonly stream: Stream | undefined;
  readonly state: IncidentState | 'all';
  readonly newSince: bigint | undefined;
  readonly sort: Sort;
  readonly policies: readonly string[];
  /** Keys of the clusters that deny. */
  readonly clusters: readonly string[];
  /** Ids. */
  readonly incidents: readonly string[];
  readonly where: Where;
  readonly output: Format;
  readonly color: string | undefined;
  readonly timeFormat: string;
  readonly silentErrors: boolean;
}

const DEFAULT_INCIDENTS = 100n;
const DEFAULT_ROWS = 20n;
export const MAX_LIMIT = 10_000;

const OTHERS: ReadonlySet<string> = new Set([
  'all',
  'last',
  'since',
  'until',
  'allowlist',
  'denylist',
  'time-format',
  'color',
  'silent-errors',
  'data-dir',
  'help',
]);
/** A denial keeps no service of its source. */
const FILTER_NAMES: ReadonlySet<string> = new Set(
  FILTER_FLAGS.filter(
    (name) => filterOf(name)?.filter.denials !== false && name !== 'from-service',
  ),
);
const SERVER = /^(server|timeout|request-timeout|tls|token-file|basic-auth-|config$)/;

const OTHER_WORDS: Readonly<Record<string, string>> = {
  all: 'Everything stored, instead of the last 24 hours',
  last: 'The N latest incidents (100), or denials with --rows (20); at most 10000',
  since: 'Start (24h): 30m, 7d, 14:00, 2026-03-14, 2026-03-14T10:00:00Z',
};

/** The flags, in the order of the help. */
export function denialFlags(values: FlagValues): Flag[] {
  const { text, toggle, list } = flagKinds(values);
  const shared = observeFlags(values)
    .filter(({ name }) => FILTER_NAMES.has(name) || OTHERS.has(name) || SERVER.test(name))
    .map((flag) => ({ ...flag, help: OTHER_WORDS[flag.name] ?? flag.help }));
  return [
    toggle({ name: 'rows', help: 'List denials one by one, newest first, instead of incidents' }),
    toggle({
      name: 'watch',
      short: 'w',
      help: 'Print incidents as they appear, change and are resolved; with --since, from that time',
    }),
    text({ name: 'state', value: 'state', help: 'open, resolved, stale or all (the default)' }),
    text({ name: 'new-since', value: 'time', help: 'Only incidents first seen since this time' }),
    toggle({ name: 'audit', help: 'Only traffic that audit mode allowed' }),
    toggle({ name: 'with-audit', help: 'Also traffic that audit mode allowed' }),
    list({
      name: 'policy',
      value: 'policy',
      help: 'Denied by this policy: NAME, NAMESPACE/NAME, or none; repeatable',
    }),
    list({
      name: 'denied-in',
      value: 'cluster',
      help: 'Cluster that denied the traffic; repeatable',
    }),
    list({ name: 'incident', value: 'id', help: 'Only this incident; repeatable' }),
    list({
      name: 'where',
      value: 'condition',
      help: 'Condition on incidents, as in webhooks (docs/alerts.md): cross-cluster, from-peer=10.0.0.0/8, not.to-workload=shop/*; repeatable',
    }),
    text({ name: 'sort', value: 'by', help: 'last (seen, the default), first (seen) or count' }),
    outputFlag(values),
    ...shared,
  ];
}

/** Throws `input/invalid`. */
export async function readDenialOptions(
  args: readonly string[],
  sources: OptionSources,
): Promise<DenialOptions | 'help'> {
  const values = new FlagValues();
  const [word] = parseArgs(denialFlags(values), args, 'suggest');
  const { text, switches, lists } = values;
  if (switches.help === true) return 'help';
  if (word !== undefined) throw inputError(`${word} is no flag; denials takes flags only`);
  const { place } = await placeOfValues(values, sources, 'api');
  const rows = switches.rows === true;
  const watch = switches.watch === true;
  const built = values.filters.build();
  const limit = values.numbers.last ?? (rows ? DEFAULT_ROWS : DEFAULT_INCIDENTS);
  if (limit < 1n || limit > BigInt(MAX_LIMIT))
    throw inputError(`--last takes 1 to ${MAX_LIMIT}, not ${limit}`);
  if (watch && rows) throw inputError('cannot set both --watch and --rows: incidents are watched');
  if (watch && text.until !== undefined) throw inputError('cannot set both --watch and --until');
  const where = readWhere(lists.where ?? []);
  if (rows && where.size > 0)
    throw inputError('cannot set both --where and --rows: conditions are of incidents');
  const times = new TimeReader(sources.nowMs(), noteOf(values, sources));
  const until = times.read('until', text.until);
  const since = times.read('since', text.since);
  if (switches.all === true && since !== undefined)
    throw inputError('cannot set both --all and --since');
  return {
    whitelist: [...built.whitelist, ...(lists.allowlist ?? []).flatMap(filtersFromJson)],
    blacklist: [...built.blacklist, ...(lists.denylist ?? []).flatMap(filtersFromJson)],
    since: switches.all === true ? undefined : (since ?? (until ?? times.nowNanos) - DAY_NS),
    until,
    limit: Number(limit),
    rows,
    watch,
    watchFrom: watch ? since : undefined,
    stream: streamOf(switches, where),
    where,
    state: oneOf('state', text.state ?? 'all', STATES),
    newSince: times.read('new-since', text['new-since']),
    sort: oneOf('sort', text.sort ?? 'last', SORTS),
    policies: lists.policy ?? [],
    clusters: lists['denied-in'] ?? [],
    incidents: lists.incident ?? [],
    output: outputOf(values, sources.warn),
    color: text.color,
    timeFormat: text['time-format'] ?? 'StampMilli',
    silentErrors: switches['silent-errors'] === true,
    ...place,
  };
}

/** Conditions may name what was audited too. */
function streamOf(switches: Readonly<Record<string, boolean>>, where: Where): Stream | undefined {
  if (switches.audit === true) return 'audit';
  return switches['with-audit'] === true || where.has('verdict') ? 'all' : undefined;
}

function oneOf<const T extends string>(name: string, value: string, known: readonly T[]): T {
  const found = known.find((each) => each === value);
  if (found === undefined) throw unknownValue(`--${name}`, value, known);
  return found;
}
