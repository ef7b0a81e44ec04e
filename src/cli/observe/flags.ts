import {
  FILTER_FLAGS,
  filterHelp,
  filterValue,
  isBareFlag,
} from '../../hubble/filter/catalogue.ts';
import { hubbleFlags, serverFlags } from '../client/server-flags.ts';
import { COLOR_HELP } from '../output/format.ts';
import type { Flag } from './args.ts';
import { type FlagValues, flagKinds } from './flag-values.ts';

const FILTER_SHORTS: Readonly<Record<string, string>> = {
  type: 't',
  namespace: 'n',
  'all-namespaces': 'A',
  label: 'l',
  ipv4: '4',
  ipv6: '6',
};

/** Flags that are about flows alone. */
export const FLOW_FLAGS: ReadonlySet<string> = new Set([
  ...FILTER_FLAGS,
  'allowlist',
  'denylist',
  'numeric',
  'ip-translation',
  'color',
]);

/** The flags of observe, in the order of its help. Long because it lists every flag once. */
export function observeFlags(values: FlagValues): Flag[] {
  const { text, toggle, number, list, commaList } = flagKinds(values);
  return [
    toggle({ name: 'all', help: 'Every flow stored' }),
    number({ name: 'last', help: 'The N newest flows (20 without a number or time)' }, 64),
    number({ name: 'first', help: 'The N oldest flows' }, 64),
    toggle({ name: 'follow', short: 'f', help: 'New flows as they arrive' }),
    text({
      name: 'since',
      help: 'Start: 30m, 7d, 14:00, 2026-03-14, 2026-03-14T10:00:00Z',
      value: 'time',
    }),
    text({ name: 'until', help: 'End, as --since', value: 'time' }),
    ...FILTER_FLAGS.map((name) => filterFlag(values, name)),
    list({
      name: 'allowlist',
      group: 'filter',
      value: 'json',
      help: 'FlowFilter as JSON; flows must match one',
    }),
    list({
      name: 'denylist',
      group: 'filter',
      value: 'json',
      help: 'FlowFilter as JSON; flows must match none',
    }),
    commaList({
      name: 'aggregate-by',
      value: 'dimensions',
      help: 'Count flows by these dimensions, such as source.workload,verdict; --aggregate-by= --help lists its flags',
    }),
    text({
      name: 'output',
      short: 'o',
      value: 'format',
      help: 'compact (the default), dict, json, jsonpb or table',
    }),
    toggle({ name: 'print-node-name', help: 'Print the observing node' }),
    toggle({
      name: 'print-policy-names',
      help: 'Print the policies that allowed or denied',
    }),
    text({
      name: 'time-format',
      value: 'format',
      help: 'StampMilli, RFC3339, RFC3339Milli, RFC3339Nano, YearMonthDay, …',
    }),
    toggle({ name: 'numeric', help: 'Addresses instead of names' }),
    toggle({ name: 'ip-translation', help: 'Names instead of addresses (the default)' }),
    text({ name: 'color', value: 'when', help: COLOR_HELP }),
    toggle({ name: 'silent-errors', short: 's', help: 'Print no messages on standard error' }),
    toggle({ name: 'print-raw-filters', help: 'Print the filters as JSON and exit' }),
    toggle({
      name: 'print-sql',
      help: 'Print the SQL of the query and its parameters, and exit',
    }),
    text({
      name: 'input-file',
      value: 'file',
      help: 'Read flows from a file of JSON lines, - for standard input',
    }),
    commaList({
      name: 'field-mask',
      value: 'paths',
      help: 'Fields of the flow to print, such as time,source.pod_name; with json output',
    }),
    toggle({
      name: 'use-default-field-masks',
      help: 'Request only the fields that the output format prints from a relay (the default)',
    }),
    text({ name: 'data-dir', value: 'dir', help: 'Data directory to read; PARALLAX_DATA_DIR' }),
    ...serverFlags(values),
    ...hubbleFlags(values),
    toggle({
      name: 'debug',
      short: 'D',
      help: 'Print the request and every change of node status',
    }),
    toggle({ name: 'help', short: 'h', help: 'Show this help' }),
  ];
}

function filterFlag(values: FlagValues, name: string): Flag {
  const short = FILTER_SHORTS[name];
  return {
    name,
    help: filterHelp(name),
    value: filterValue(name),
    group: 'filter',
    ...(short === undefined ? {} : { short }),
    ...(isBareFlag(name) ? { bare: 'true' } : {}),
    set: (value) => values.filters.set(name, value),
  };
}
