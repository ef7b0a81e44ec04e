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
import { type Bounds, either, exactly } from './bounds.ts';
import { column, present } from './columns.ts';
import { labelCondition } from './labels.ts';
import { networkCondition } from './network.ts';
import type { Params } from './params.ts';
import { quoteRegex, wholeLine } from './regex.ts';

const SIDES = ['source', 'destination'] as const;
type Side = (typeof SIDES)[number];

export function* endpointConditions(filter: FlowFilter, params: Params): Generator<Bounds> {
  for (const side of SIDES) {
    yield* nameConditions(filter, side, params);
    yield* identityConditions(filter, side, params);
  }
  if (some(filter.source_ip_xlated))
    yield addresses(filter.source_ip_xlated, column('ip_source_xlated'), params);
}

function* nameConditions(filter: FlowFilter, side: Side, params: Params): Generator<Bounds> {
  const ip = filter[`${side}_ip`];
  if (some(ip)) yield addresses(ip, column(`ip_${side}`), params);
  const pod = filter[`${side}_pod`];
  if (some(pod))
    yield names(
      pod.map(namePrefix),
      column(`${side}_namespace`),
      column(`${side}_pod_name`),
      params,
    );
  const service = filter[`${side}_service`];
  if (some(service))
    yield names(
      service.map((name) => servicePrefix(name, side)),
      column(`${side}_service_namespace`),
      column(`${side}_service_name`),
      params,
    );
  const fqdn = filter[`${side}_fqdn`];
  if (some(fqdn)) {
    const list = column(`${side}_names`);
    const pattern = params.text(wholeLine(fqdn.map((each) => fqdnPattern(each).source)));
    yield exactly(`${list} != '' AND match(${list}, ${pattern})`);
  }
  const port = filter[`${side}_port`];
  if (some(port)) {
    const ports = params.add(
      port.map((text) => portNumber(text, side)),
      'Array(UInt16)',
    );
    // A port that is not 0 is one of TCP, UDP or SCTP.
    const of = port.every((text) => portNumber(text, side) !== 0)
      ? ''
      : `${column('l4_protocol')} IN (1, 2, 5) AND `;
    yield exactly(`${of}${column(`${side}_port`)} IN ${ports}`);
  }
}

function* identityConditions(filter: FlowFilter, side: Side, params: Params): Generator<Bounds> {
  const label = filter[`${side}_label`];
  if (some(label)) yield labelCondition(label, side, column(`${side}_labels`), params);
  const identity = filter[`${side}_identity`];
  if (some(identity)) {
    const numbers = params.add(identity, 'Array(UInt32)');
    // A number that is not 0 is of an end that is there.
    const there = identity.includes(0) ? ` AND ${present(`flow.${side}`)}` : '';
    yield exactly(`${column(`${side}_identity`)} IN ${numbers}${there}`);
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
    const mentioned = `match(${list}, ${params.text(parts.join('|'))})`;
    yield exactly(
      lines.length === 0
        ? '0'
        : `${mentioned} AND match(${list}, ${params.text(wholeLine(lines))})`,
    );
  }
  const cluster = filter[`${side}_cluster_name`];
  if (some(cluster)) yield clusters(cluster, side, params);
}

function clusters(wanted: readonly string[], side: Side, params: Params): Bounds {
  const name = column(`${side}_cluster_name`);
  const patterns = wanted.flatMap((each) => clusterPattern(each)?.source ?? []);
  const exact = exactly(`${name} IN ${params.texts(wanted)}`);
  if (patterns.length === 0) return exact;
  const pattern = params.text(`^(?:${patterns.join('|')})$`);
  return either([exact, exactly(`match(${name}, ${pattern})`)]);
}

function names(
  wanted: readonly NamePrefix[],
  namespace: string,
  name: string,
  params: Params,
): Bounds {
  return either(
    wanted.map((each) => {
      const parts = [
        each.namespace === undefined
          ? `(${namespace} != '' OR ${name} != '')`
          : `${namespace} = ${params.text(each.namespace)}`,
      ];
      if (each.prefix !== '') parts.push(`startsWith(${name}, ${params.text(each.prefix)})`);
      return exactly(parts.join(' AND '));
    }),
  );
}

function addresses(texts: readonly string[], name: string, params: Params): Bounds {
  const filters = texts.map(addressFilter);
  const plain = filters.flatMap((filter) => ('text' in filter ? [filter.text] : []));
  const conditions = filters.flatMap((filter) =>
    'network' in filter ? [networkCondition(filter.network, name, params)] : [],
  );
  if (plain.length > 0) conditions.push(`${name} IN ${params.texts(plain)}`);
  return either(conditions.map(exactly));
}
