// The blocks of `denials` and `incidents` of one batch.
import { DENIAL_COLUMNS, INCIDENT_COLUMNS } from '../../store/schema/denial-columns.ts';
import type { NativeBlock } from '../../store/store.ts';
import type { Conversations } from './conversations.ts';
import type { FlowTable } from './flow-table.ts';
import type { Incidents } from './incidents.ts';
import { KeyTable } from './key-table.ts';
import type { RecordMark } from './mark.ts';
import type { End, Parties } from './parties.ts';
import { type BlockMemory, TableBlock } from './table-block.ts';

const SLOTS_PER_HOUR = 12;
const ENDS: readonly End[] = ['source', 'destination'];

/** What the denials of a batch are written from. */
export interface BatchDenials {
  readonly flows: FlowTable;
  readonly parties: Parties;
  readonly conversations: Conversations;
  readonly incidents: Incidents;
  readonly mark: RecordMark;
  readonly memory: BlockMemory;
  readonly nowMs: number;
}

/** Rows of `denials`, then of `incidents`; there is at least one denial. */
export function denialBlocks(batch: BatchDenials): readonly NativeBlock[] {
  const incidentOf = assign(batch);
  return [denialsBlock(batch, incidentOf), incidentsBlock(batch, incidentOf)];
}

/** The incident of each denial. */
function assign(batch: BatchDenials): Uint32Array {
  const { columns } = batch.flows;
  const { incidents } = batch;
  const { size, values } = batch.conversations;
  const { first, policies } = values;
  const incidentOf = new Uint32Array(size);
  const [source, destination] = [partyAt(batch, 'source'), partyAt(batch, 'destination')];
  for (let denial = 0; denial < size; denial++) {
    const row = first[denial] ?? 0;
    incidentOf[denial] = incidents.of({
      cluster: columns.cluster[row] ?? 0,
      policies: policies[denial] ?? 0,
      verdict: columns.verdict[row] ?? 0,
      direction: columns.traffic_direction[row] ?? 0,
      protocol: columns.l4_protocol[row] ?? 0,
      reason: columns.drop_reason_desc[row] ?? 0,
      port: columns.destination_port[row] ?? 0,
      source: source(row),
      destination: destination(row),
    });
  }
  return incidentOf;
}

/** The party at an end of a row's flow, whatever the flow calls it. */
function partyAt({ flows, parties }: BatchDenials, end: End): (row: number) => number {
  const { columns, groups } = flows;
  const [ids, places, names] = [groups[end], groups[`${end}_at`], columns[`${end}_names`]];
  return (row) => parties.unreported(parties.of(ids[row] ?? 0, places[row] ?? 0, names[row] ?? 0));
}

function denialsBlock(batch: BatchDenials, incidentOf: Uint32Array): NativeBlock {
  const { flows, parties, conversations, incidents, mark, memory } = batch;
  const { columns, groups, texts } = flows;
  const { values } = flows.endpoints;
  const { size, values: denials } = conversations;
  const { first, last } = denials;
  const service = serviceTexts(flows);
  const block = new TableBlock('denials', DENIAL_COLUMNS, size, texts, memory);
  const rowOf = (denial: number) => first[denial] ?? 0;
  const times = new BigInt64Array(columns.time.buffer);
  const of = (values: ArrayLike<number>) => (denial: number) => values[rowOf(denial)] ?? 0;
  const uuids = new Uint8Array(16 * size);
  for (let denial = 0; denial < size; denial++) {
    const from = 16 * rowOf(denial);
    uuids.set(columns.uuid.subarray(from, from + 16), 16 * denial);
  }
  block.text('cluster', of(columns.cluster));
  block.fixed('received_at', new BigInt64Array(size).fill(mark.receivedAtMs));
  block.i32('time_slot', of(columns.time_slot));
  block.big('incident', (denial) => incidents.number(incidentOf[denial] ?? 0));
  block.time('time', (denial) => times[rowOf(denial)] ?? 0n);
  block.time('last', (denial) => times[last[denial] ?? 0] ?? 0n);
  block.fixed('uuid', uuids);
  block.text('node_name', (denial) => {
    const row = rowOf(denial);
    return columns.node_name[row] || columns.response_node_name[row] || 0;
  });
  block.u8('verdict', of(columns.verdict));
  block.u8('traffic_direction', of(columns.traffic_direction));
  block.u16('drop_reason_desc', of(columns.drop_reason_desc));
  block.text('policies', (denial) => denials.policies[denial] ?? 0);
  block.u32('policy_match_type', (denial) => denials.matches[denial] ?? 0);
  block.u8('l4_protocol', of(columns.l4_protocol));
  block.u16('source_port', of(columns.source_port));
  block.u16('destination_port', of(columns.destination_port));
  block.u32('icmp_type', of(columns.icmp_type));
  block.text('http_method', of(columns.http_method));
  block.text('http_url', of(columns.http_url));
  block.text('dns_query', of(columns.dns_query));
  for (const end of ENDS) {
    const endpointOf = (numbers: Uint32Array) => (denial: number) =>
      numbers[groups[end][rowOf(denial)] ?? 0] ?? 0;
    // Of the ends as they are, also where the incident leaves out what they are called.
    const party = partyAt(batch, end);
    parties.put(block, end, (denial) => party(rowOf(denial)));
    block.text(`${end}_pod_name`, endpointOf(values.pod_name));
    block.u32(`${end}_identity`, endpointOf(values.identity));
    block.text(`${end}_labels`, endpointOf(values.labels));
    block.text(`ip_${end}`, of(columns[`ip_${end}`]));
  }
  block.text('destination_names', of(columns.destination_names));
  block.text('destination_service', (denial) => service(rowOf(denial)));
  block.u32('drops', (denial) => denials.drops[denial] ?? 0);
  block.u32('verdicts', (denial) => denials.verdicts[denial] ?? 0);
  return block.encode();
}

function incidentsBlock(batch: BatchDenials, incidentOf: Uint32Array): NativeBlock {
  const { flows, parties, conversations, incidents, mark, memory } = batch;
  const { columns, texts } = flows;
  const { first, last, drops, verdicts } = conversations.values;
  const times = new BigInt64Array(columns.time.buffer);
  const rows: IncidentHour[] = [];
  const table = new KeyTable(2, 64);
  for (let denial = 0; denial < conversations.size; denial++) {
    const row = first[denial] ?? 0;
    const incident = incidentOf[denial] ?? 0;
    const hour = Math.floor((columns.time_slot[row] ?? 0) / SLOTS_PER_HOUR);
    table.probe[0] = incident;
    table.probe[1] = hour;
    const [from, to] = [times[row] ?? 0n, times[last[denial] ?? 0] ?? 0n];
    const at = table.find();
    rows[at] ??= { incident, hour, first: from, last: to, denials: 0, drops: 0, verdicts: 0 };
    const sum = rows[at];
    if (from < sum.first) sum.first = from;
    if (to > sum.last) sum.last = to;
    sum.denials++;
    sum.drops += drops[denial] ?? 0;
    sum.verdicts += verdicts[denial] ?? 0;
  }
  const facts = rows.map(({ incident }) => incidents.facts(incident));
  const size = rows.length;
  const block = new TableBlock('incidents', INCIDENT_COLUMNS, size, texts, memory);
  block.i32('hour', (row) => rows[row]?.hour ?? 0);
  block.big('incident', (row) => incidents.number(rows[row]?.incident ?? 0));
  block.fixed('received_at', new BigInt64Array(size).fill(mark.receivedAtMs));
  block.text('cluster', (row) => facts[row]?.cluster ?? 0);
  block.u8('verdict', (row) => facts[row]?.verdict ?? 0);
  block.u8('traffic_direction', (row) => facts[row]?.direction ?? 0);
  block.u16('drop_reason_desc', (row) => facts[row]?.reason ?? 0);
  block.text('policies', (row) => facts[row]?.policies ?? 0);
  block.u8('l4_protocol', (row) => facts[row]?.protocol ?? 0);
  block.u16('destination_port', (row) => facts[row]?.port ?? 0);
  for (const end of ENDS) parties.put(block, end, (row) => facts[row]?.[end] ?? 0);
  block.fixed('origin', new BigUint64Array(size).fill(mark.origin));
  block.fixed('sequence', new BigUint64Array(size).fill(mark.sequence));
  block.time('first_seen', (row) => rows[row]?.first ?? 0n);
  block.time('last_seen', (row) => rows[row]?.last ?? 0n);
  block.fixed('stored_at', new BigInt64Array(size).fill(BigInt(batch.nowMs)));
  block.u64('denials', (row) => rows[row]?.denials ?? 0);
  block.u64('drops', (row) => rows[row]?.drops ?? 0);
  block.u64('verdicts', (row) => rows[row]?.verdicts ?? 0);
  return block.encode();
}

interface IncidentHour {
  readonly incident: number;
  readonly hour: number;
  first: bigint;
  last: bigint;
  denials: number;
  drops: number;
  verdicts: number;
}

/** The text of a row's destination service, `namespace/name`, made once for each. */
function serviceTexts({ groups, services, texts }: FlowTable): (row: number) => number {
  const made = new Map<number, number>([[0, 0]]);
  return (row) => {
    const service = groups.destination_service[row] ?? 0;
    const known = made.get(service);
    if (known !== undefined) return known;
    const name = texts.text(services.values.name[service] ?? 0);
    const namespace = texts.text(services.values.namespace[service] ?? 0);
    const text = name === '' ? 0 : texts.addText(`${namespace}/${name}`);
    made.set(service, text);
    return text;
  };
}
