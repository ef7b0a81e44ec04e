// The fields of a FlowFilter that exist for the source and for the destination.

import { some } from '../../hubble/filter/condition.ts';
import {
  addressFilter,
  type NamePrefix,
  namePrefix,
  portNumber,
  servicePrefix,
} from '../../hubble/filter/endpoint.ts';
import { clusterPattern, fqdnPattern } from '../../hubble/filter/pattern.ts';
import type { FlowFilter } from '../../hubble/proto/schema.gen.ts';
import { param, type Sql, sql } from '../../store/sql.ts';
import { type Bounds, either, exactly, FALSE } from './bounds.ts';
import { column, present } from './columns.ts';
import { labelCondition } from './labels.ts';
import { networkCondition } from './network.ts';
import { quoteRegex, wholeLine } from './regex.ts';
import { string, strings } from './values.ts';

const SIDES = ['source', 'destination'] as const;
type Side = (typeof SIDES)[number];

export function* endpointConditions(filter: FlowFilter): Generator<Bounds> {
  for (const side of SIDES) {
    yield* nameConditions(filter, side);
    yield* identityConditions(filter, side);
  }
  if (some(filter.source_ip_xlated))
    yield addresses(filter.source_ip_xlated, column('ip_source_xlated'));
}

function* nameConditions(filter: FlowFilter, side: Side): Generator<Bounds> {
  const ip = filter[`${side}_ip`];
  if (some(ip)) yield addresses(ip, column(`ip_${side}`));
  const pod = filter[`${side}_pod`];
  if (some(pod))
    yield names(pod.map(namePrefix), column(`${side}_namespace`), column(`${side}_pod_name`));
  const service = filter[`${side}_service`];
  if (some(service))
    yield names(
      service.map((name) => servicePrefix(name, side)),
      column(`${side}_service_namespace`),
      column(`${side}_service_name`),
    );
  const fqdn = filter[`${side}_fqdn`];
  if (some(fqdn)) {
    const list = column(`${side}_names`);
    const pattern = string(wholeLine(fqdn.map((each) => fqdnPattern(each).source)));
    yield exactly(sql`${list} != '' AND match(${list}, ${pattern})`);
  }
  const port = filter[`${side}_port`];
  if (some(port)) {
    const ports = port.map((text) => portNumber(text, side));
    const wanted = sql`${column(`${side}_port`)} IN ${param(ports, 'Array(UInt16)')}`;
    // A port that is not 0 is one of TCP, UDP or SCTP.
    yield exactly(
      ports.includes(0) ? sql`${column('l4_protocol')} IN (1, 2, 5) AND ${wanted}` : wanted,
    );
  }
}

function* identityConditions(filter: FlowFilter, side: Side): Generator<Bounds> {
  const label = filter[`${side}_label`];
  if (some(label)) yield labelCondition(label, side, column(`${side}_labels`));
  const identity = filter[`${side}_identity`];
  if (some(identity)) {
    const wanted = sql`${column(`${side}_identity`)} IN ${param(identity, 'Array(UInt32)')}`;
    // A number that is not 0 is of an end that is there.
    yield exactly(identity.includes(0) ? sql`${wanted} AND ${present(`flow.${side}`)}` : wanted);
  }
  const workload = filter[`${side}_workload`];
  if (some(workload)) {
    const list = column(`${side}_workloads`);
    // A line break is the end of a workload in the column: no row that SQL judges has one inside.
    const whole = workload.filter(({ kind = '', name = '' }) => !`${kind}${name}`.includes('\n'));
    const lines = whole.map(({ kind = '', name = '' }) => {
      const kindPart = kind === '' ? '[^/\\n]*' : quoteRegex(kind);
      return `${kindPart}/${name === '' ? '[^\\n]*' : quoteRegex(name)}`;
    });
    // Plain text first: it rules out what a whole line's pattern takes far longer for.
    const parts = workload.map(({ kind = '', name = '' }) => quoteRegex(`${kind}/${name}`));
    const mentioned = sql`match(${list}, ${string(parts.join('|'))})`;
    yield lines.length === 0
      ? FALSE
      : exactly(sql`${mentioned} AND match(${list}, ${string(wholeLine(lines))})`);
  }
  const cluster = filter[`${side}_cluster_name`];
  if (some(cluster)) yield clusters(cluster, side);
}

function clusters(wanted: readonly string[], side: Side): Bounds {
  const name = column(`${side}_cluster_name`);
  const patterns = wanted.flatMap((each) => clusterPattern(each)?.source ?? []);
  const exact = exactly(sql`${name} IN ${strings(wanted)}`);
  if (patterns.length === 0) return exact;
  const pattern = string(`^(?:${patterns.join('|')})$`);
  return either([exact, exactly(sql`match(${name}, ${pattern})`)]);
}

function names(wanted: readonly NamePrefix[], namespace: Sql, name: Sql): Bounds {
  return either(
    wanted.map((each) => {
      const within =
        each.namespace === undefined
          ? sql`(${namespace} != '' OR ${name} != '')`
          : sql`${namespace} = ${string(each.namespace)}`;
      if (each.prefix === '') return exactly(within);
      return exactly(sql`${within} AND startsWith(${name}, ${string(each.prefix)})`);
    }),
  );
}

function addresses(texts: readonly string[], name: Sql): Bounds {
  const filters = texts.map(addressFilter);
  const plain = filters.flatMap((filter) => ('text' in filter ? [filter.text] : []));
  const conditions = filters.flatMap((filter) =>
    'network' in filter ? [networkCondition(filter.network, name)] : [],
  );
  if (plain.length > 0) conditions.push(sql`${name} IN ${strings(plain)}`);
  return either(conditions.map(exactly));
}
