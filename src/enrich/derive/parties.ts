// Ends of flows as totals and incidents group them: cluster, namespace, workload, and a name where there is no workload;
// for totals also the names that flows report. Found once for each distinct end: thousands of pods are a few hundred
// parties.
import type { FlowTable, Places } from './flow-table.ts';
import { KeyTable } from './key-table.ts';
import { peerOf } from './peer.ts';
import type { TableBlock } from './table-block.ts';

/** More than this, and all are forgotten before the next batch. */
const MAX_PARTIES = 1 << 17;
/** Answers remembered by endpoint, place and names; a power of two. */
const DETAILS = 1 << 13;
/** Of such an answer: endpoint, texts of cluster, workload and names, one more than the party. */
const DETAIL = 5;

export type End = 'source' | 'destination';

/** Members of a party, in the order of its words: who it is, and what flows call its cluster and workloads. */
const MEMBERS = ['cluster', 'namespace', 'workload', 'peer'] as const;
const REPORTED = ['cluster_name', 'workloads'] as const;
const WIDTH = MEMBERS.length + REPORTED.length;
export type PartyMember = (typeof MEMBERS)[number];

export class Parties {
  private readonly flows: FlowTable;
  private readonly locations: Places;
  private readonly table = new KeyTable(WIDTH, 4096);
  /** By endpoint: texts of the cluster, workload and names it was found with last, and one more than the party. */
  private clusterOf = new Uint32Array(0);
  private workloadOf = new Uint32Array(0);
  private namesOf = new Uint32Array(0);
  private partyOf = new Uint32Array(0);
  private readonly details = new Uint32Array(DETAILS * DETAIL);

  constructor(flows: FlowTable, locations: Places) {
    this.flows = flows;
    this.locations = locations;
  }

  /** Call before the ends of a batch are asked for; true when parties have new numbers from now on. */
  begin(): boolean {
    const full = this.table.size > MAX_PARTIES;
    if (full) this.clear();
    const capacity = this.flows.endpoints.values.labels.length;
    if (this.partyOf.length < capacity) {
      this.clusterOf = new Uint32Array(capacity);
      this.workloadOf = new Uint32Array(capacity);
      this.namesOf = new Uint32Array(capacity);
      this.partyOf = new Uint32Array(capacity);
    }
    return full;
  }

  /** The party of an end, by its numbers; `names` are its DNS names. */
  of(endpoint: number, location: number, names: number): number {
    const { clusterOf, workloadOf, namesOf, partyOf } = this;
    const { values } = this.locations;
    const cluster = values.cluster[location] ?? 0;
    const workload = values.workload[location] ?? 0;
    // Names decide about ends without a workload only.
    const deciding = workload === 0 ? names : 0;
    const known = partyOf[endpoint] ?? 0;
    if (
      known !== 0 &&
      clusterOf[endpoint] === cluster &&
      workloadOf[endpoint] === workload &&
      namesOf[endpoint] === deciding
    )
      return known - 1;
    const party = this.detailed(endpoint, cluster, workload, deciding);
    clusterOf[endpoint] = cluster;
    workloadOf[endpoint] = workload;
    namesOf[endpoint] = deciding;
    partyOf[endpoint] = party + 1;
    return party;
  }

  /** The party, whatever flows call it. */
  unreported(party: number): number {
    this.probe(party).fill(0, MEMBERS.length);
    return this.table.find();
  }

  /** The party without the name that stands in for a workload, whatever flows call it. */
  unnamed(party: number): number {
    this.probe(party).fill(0, MEMBERS.indexOf('peer'));
    return this.table.find();
  }

  /** Number of the text of a member. */
  text(party: number, member: PartyMember): number {
    return this.table.words[party * WIDTH + MEMBERS.indexOf(member)] ?? 0;
  }

  /** The four columns of an end, for rows of which each has a party. */
  put(block: TableBlock, end: End, partyOf: (row: number) => number): void {
    MEMBERS.forEach((member, i) => {
      this.putWord(block, `${end}_${member}`, partyOf, i);
    });
  }

  /** Those, and the two columns of what flows say. */
  putReported(block: TableBlock, end: End, partyOf: (row: number) => number): void {
    this.put(block, end, partyOf);
    REPORTED.forEach((member, i) => {
      this.putWord(block, `${end}_${member}`, partyOf, MEMBERS.length + i);
    });
  }

  /** Texts have new numbers. */
  clear(): void {
    this.table.clear();
    this.partyOf.fill(0);
    this.details.fill(0);
  }

  private putWord(
    block: TableBlock,
    column: string,
    partyOf: (row: number) => number,
    at: number,
  ): void {
    block.text(column, (row) => {
      const party = partyOf(row);
      return this.table.words[party * WIDTH + at] ?? 0;
    });
  }

  /** The words of a party, to be changed and looked for. */
  private probe(party: number): Uint32Array {
    const { probe, words } = this.table;
    probe.set(words.subarray(party * WIDTH, (party + 1) * WIDTH));
    return probe;
  }

  /** An end such as the world is at many places and has many names. */
  private detailed(endpoint: number, cluster: number, workload: number, names: number): number {
    const { details } = this;
    let hash = Math.imul(endpoint ^ workload, 0x9e3779b1) ^ Math.imul(names ^ cluster, 0x85ebca77);
    hash ^= hash >>> 15;
    const at = (hash & (DETAILS - 1)) * DETAIL;
    const known = details[at + 4] ?? 0;
    if (
      known !== 0 &&
      details[at] === endpoint &&
      details[at + 1] === cluster &&
      details[at + 2] === workload &&
      details[at + 3] === names
    )
      return known - 1;
    const party = this.find(endpoint, cluster, workload, names);
    details[at] = endpoint;
    details[at + 1] = cluster;
    details[at + 2] = workload;
    details[at + 3] = names;
    details[at + 4] = party + 1;
    return party;
  }

  private find(endpoint: number, cluster: number, workload: number, names: number): number {
    const { texts } = this.flows;
    const { values } = this.flows.endpoints;
    // Number 0 is no endpoint: its members are 0 too.
    const peer = peerOf({
      workload: texts.text(workload),
      names: texts.text(names),
      labels: texts.text(values.labels[endpoint] ?? 0),
      pod: texts.text(values.pod_name[endpoint] ?? 0),
    });
    const { probe } = this.table;
    probe[0] = cluster;
    probe[1] = values.namespace[endpoint] ?? 0;
    probe[2] = workload;
    probe[3] = texts.addText(peer);
    probe[4] = values.cluster_name[endpoint] ?? 0;
    probe[5] = values.workloads[endpoint] ?? 0;
    return this.table.find();
  }
}
