// The incidents that denials are of, with their numbers, each computed once. A scan makes thousands of them in a batch:
// past the limits, ports count as one, and then so do ends without a workload.
import { grown } from '../project/byte-table.ts';
import type { Texts } from '../project/texts.ts';
import { incidentNumber } from './incident-number.ts';
import { KeyTable } from './key-table.ts';
import type { Parties, PartyMember } from './parties.ts';

/** More than this are forgotten before the next batch. */
const MAX_KNOWN = 1 << 16;
/** Words of a key: the members of a Denied, the ends by their party. */
const WIDTH = 6;
const [CLUSTER, POLICIES, SMALL, PORT, SOURCE, DESTINATION] = [0, 1, 2, 3, 4, 5] as const;

export interface IncidentLimits {
  /** Incidents of one batch that are kept apart by port. */
  readonly maxIncidents: number;
  /** Ports of one batch that are kept apart between two ends. */
  readonly maxPorts: number;
}

/** One denial's, each by its number; ends by their party. */
export interface Denied {
  readonly cluster: number;
  readonly policies: number;
  readonly verdict: number;
  readonly direction: number;
  readonly protocol: number;
  readonly reason: number;
  readonly port: number;
  readonly source: number;
  readonly destination: number;
}

export class Incidents {
  private readonly table = new KeyTable(WIDTH);
  /** By incident: the batch that had it last, its number once that is known, ports seen apart in the batch. */
  private batchOf = new Uint32Array(1024);
  private portsIn = new Uint32Array(1024);
  private ports = new Uint32Array(1024);
  private numbers = new BigUint64Array(1024);
  private batch = 0;
  private inBatch = 0;
  /** Denials of this batch whose incident leaves something out. */
  folded = 0;
  private readonly texts: Texts;
  private readonly parties: Parties;
  private readonly limits: IncidentLimits;

  constructor(texts: Texts, parties: Parties, limits: IncidentLimits) {
    this.texts = texts;
    this.parties = parties;
    this.limits = limits;
  }

  begin(): void {
    if (this.table.size > MAX_KNOWN) this.clear();
    this.batch++;
    this.inBatch = 0;
    this.folded = 0;
  }

  /** The incident of a denial, by its place here. */
  of(denied: Denied): number {
    const { table, limits } = this;
    this.probe(denied);
    const known = table.known();
    if (known >= 0 && this.batchOf[known] === this.batch) return known;
    if (this.inBatch < limits.maxIncidents && this.admitsPort(denied)) {
      this.probe(denied);
      return this.admit(table.find());
    }
    this.folded++;
    if (this.inBatch < 2 * limits.maxIncidents) {
      this.probe(denied, 0);
      return this.admit(table.find());
    }
    const source = this.parties.unnamed(denied.source);
    const destination = this.parties.unnamed(denied.destination);
    this.probe({ ...denied, source, destination }, 0);
    return this.admit(table.find());
  }

  number(incident: number): bigint {
    return this.numbers[incident] ?? 0n;
  }

  /** What it is the number of. */
  facts(incident: number): Denied {
    const word = (at: number) => this.table.words[incident * WIDTH + at] ?? 0;
    const small = word(SMALL);
    return {
      cluster: word(CLUSTER),
      policies: word(POLICIES),
      verdict: small >>> 16,
      direction: (small >>> 8) & 0xff,
      protocol: small & 0xff,
      reason: word(PORT) >>> 16,
      port: word(PORT) & 0xffff,
      source: word(SOURCE),
      destination: word(DESTINATION),
    };
  }

  /** Texts and parties have new numbers. */
  clear(): void {
    this.table.clear();
    this.batchOf.fill(0);
    this.portsIn.fill(0);
    this.numbers.fill(0n);
  }

  private probe(denied: Denied, port = denied.port): void {
    const { probe } = this.table;
    probe[CLUSTER] = denied.cluster;
    probe[POLICIES] = denied.policies;
    probe[SMALL] = (denied.verdict << 16) | (denied.direction << 8) | denied.protocol;
    probe[PORT] = (denied.reason << 16) | port;
    probe[SOURCE] = denied.source;
    probe[DESTINATION] = denied.destination;
  }

  private admitsPort(denied: Denied): boolean {
    if (denied.port === 0) return true;
    this.probe(denied, 0);
    const ends = this.reserved(this.table.find());
    if (this.portsIn[ends] !== this.batch) {
      this.portsIn[ends] = this.batch;
      this.ports[ends] = 0;
    }
    const ports = this.ports[ends] ?? 0;
    this.ports[ends] = ports + 1;
    return ports < this.limits.maxPorts;
  }

  /** Notes that this batch has the incident. */
  private admit(incident: number): number {
    this.reserved(incident);
    if (this.batchOf[incident] === this.batch) return incident;
    this.batchOf[incident] = this.batch;
    this.inBatch++;
    if (this.numbers[incident] === 0n) this.numbers[incident] = this.numberOf(incident);
    return incident;
  }

  private numberOf(incident: number): bigint {
    const { texts, parties } = this;
    const facts = this.facts(incident);
    const { source, destination } = facts;
    const end = (party: number, member: PartyMember) => texts.text(parties.text(party, member));
    return incidentNumber({
      cluster: texts.text(facts.cluster),
      verdict: facts.verdict,
      traffic_direction: facts.direction,
      drop_reason_desc: facts.reason,
      policies: texts.text(facts.policies),
      l4_protocol: facts.protocol,
      destination_port: facts.port,
      source_cluster: end(source, 'cluster'),
      source_namespace: end(source, 'namespace'),
      source_workload: end(source, 'workload'),
      source_peer: end(source, 'peer'),
      destination_cluster: end(destination, 'cluster'),
      destination_namespace: end(destination, 'namespace'),
      destination_workload: end(destination, 'workload'),
      destination_peer: end(destination, 'peer'),
    });
  }

  /** Makes room for what is kept beside an incident. */
  private reserved(incident: number): number {
    if (incident < this.batchOf.length) return incident;
    this.batchOf = grown(this.batchOf);
    this.portsIn = grown(this.portsIn);
    this.ports = grown(this.ports);
    const numbers = new BigUint64Array(this.numbers.length * 2);
    numbers.set(this.numbers);
    this.numbers = numbers;
    return incident;
  }
}
