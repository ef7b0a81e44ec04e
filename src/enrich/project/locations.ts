// Where distinct endpoints are, as each observing cluster sees them: asks the finder once and remembers. For ends that
// the observing node or the address decides about, answers are remembered by those too, in a table that a newer answer
// may take the place of an older one in, so that a scan of the whole internet needs no more memory than one address.
import { type Circumstances, type EndFinder, type EndPlace, NEEDS } from '../inventory/ends.ts';
import { grown } from './byte-table.ts';
import type { Endpoints } from './endpoints.ts';
import type { Columns } from './rows.ts';
import type { Texts } from './texts.ts';

/** Observing clusters remembered at once: one a writer's partition in service, many only in an import of old files. */
const MAX_OBSERVERS = 256;
/** Answers remembered by node or address; a power of two. */
const DETAILS = 1 << 15;
/** Entries that one answer may be in; a power of two. */
const WAYS = 4;
/** Different places: past these all are forgotten before the next block. */
const MAX_PLACES = 1 << 17;

export class Locations {
  /** Members by the location's number; 0 is no location. Texts by their number. */
  names = new Uint32Array(64);
  ids = new Uint32Array(64);
  origins = new Uint32Array(64);
  workloads = new Uint32Array(64);
  workloadOrigins = new Uint32Array(64);
  nodes = new Uint32Array(64);
  zones = new Uint32Array(64);
  resolutions = new Uint32Array(64);
  private needs = new Uint32Array(64);
  /** Numbers given so far. */
  size = 1;
  private readonly numbers = new Map<string, number>();
  /** By the text of the observing cluster: the location of each endpoint, by its number. */
  private readonly byObserver = new Map<number, Uint32Array>();
  private current = 0;
  private ofCurrent: Uint32Array = new Uint32Array(0);
  /** Entries of four: observer, endpoint, text of node or address, location. */
  private readonly details = new Uint32Array(DETAILS * 4);
  /** Which of the entries that an answer may be in gives way next. */
  private victim = 0;
  private version: number;

  private readonly finder: EndFinder;
  private readonly endpoints: Endpoints;
  private readonly texts: Texts;

  constructor(finder: EndFinder, endpoints: Endpoints, texts: Texts) {
    this.finder = finder;
    this.endpoints = endpoints;
    this.texts = texts;
    this.version = finder.version;
  }

  /** Forgets what the finder would answer otherwise by now. Call between blocks. */
  refresh(): void {
    const { finder, byObserver, size } = this;
    const full = byObserver.size > MAX_OBSERVERS || size > MAX_PLACES;
    if (this.version !== finder.version || full) this.clear();
  }

  /** The location of an endpoint seen from a cluster (the number of its key's text), in a row with that address. */
  of(
    observer: number,
    endpoint: number,
    columns: Columns,
    row: number,
    addresses: Columns[keyof Columns],
  ): number {
    if (endpoint === 0) return 0;
    if (observer !== this.current || endpoint >= this.ofCurrent.length) this.turnTo(observer);
    let location = this.ofCurrent[endpoint] ?? 0;
    if (location === 0) {
      location = this.add(this.find(observer, endpoint));
      this.ofCurrent[endpoint] = location;
    }
    const needs = this.needs[location] ?? 0;
    if (needs === NEEDS.nothing) return location;
    if (needs === NEEDS.address)
      return this.detailed(observer, endpoint, addresses[row] ?? 0, location, 0);
    const node = columns.node_name[row] || columns.response_node_name[row] || 0;
    return this.detailed(observer, endpoint, node, location, columns.node_labels[row] ?? 0);
  }

  clear(): void {
    this.size = 1;
    this.numbers.clear();
    this.byObserver.clear();
    this.current = 0;
    this.ofCurrent = new Uint32Array(0);
    this.details.fill(0);
    this.version = this.finder.version;
  }

  private detailed(
    observer: number,
    endpoint: number,
    text: number,
    location: number,
    labels: number,
  ): number {
    if (text === 0) return location;
    const { details } = this;
    let hash = Math.imul(endpoint, 0x9e3779b1) ^ Math.imul(text, 0x85ebca77);
    hash ^= hash >>> 15;
    const first = (hash & (DETAILS - WAYS)) * 4;
    for (let at = first; at < first + WAYS * 4; at += 4) {
      if (details[at + 1] === endpoint && details[at + 2] === text && details[at] === observer)
        return details[at + 3] ?? 0;
    }
    const { texts } = this;
    const circumstances =
      this.needs[location] === NEEDS.address
        ? { address: texts.text(text) }
        : { node: texts.text(text), nodeLabels: texts.text(labels) };
    const found = this.add(this.find(observer, endpoint, circumstances));
    const at = first + 4 * (this.victim++ & (WAYS - 1));
    details[at] = observer;
    details[at + 1] = endpoint;
    details[at + 2] = text;
    details[at + 3] = found;
    return found;
  }

  private turnTo(observer: number): void {
    const capacity = this.endpoints.table.starts.length;
    let locations = this.byObserver.get(observer) ?? new Uint32Array(capacity);
    if (locations.length < capacity) {
      const larger = new Uint32Array(capacity);
      larger.set(locations);
      locations = larger;
    }
    this.byObserver.set(observer, locations);
    this.current = observer;
    this.ofCurrent = locations;
  }

  private find(observer: number, endpoint: number, circumstances?: Circumstances): EndPlace {
    const { endpoints, texts } = this;
    const text = (ids: Uint32Array) => texts.text(ids[endpoint] ?? 0);
    const end = {
      id: endpoints.ids[endpoint] ?? 0,
      identity: endpoints.identities[endpoint] ?? 0,
      clusterName: text(endpoints.clusterNames),
      namespace: text(endpoints.namespaces),
      podName: text(endpoints.podNames),
      labels: text(endpoints.labels).split('\n'),
      workloads: text(endpoints.workloads).split('\n'),
    };
    return this.finder.find(texts.text(observer), end, circumstances);
  }

  /** The number of a place; the same for equal ones. */
  private add(found: EndPlace): number {
    const { name, id, origin, workload, workloadOrigin, node, zone, resolution, needs } = found;
    const key = `${id} ${origin} ${workloadOrigin} ${resolution} ${needs} ${name}\n${workload}\n${node}\n${zone}`;
    const known = this.numbers.get(key);
    if (known !== undefined) return known;
    const location = this.size++;
    this.numbers.set(key, location);
    if (location === this.names.length) this.grow();
    const { texts } = this;
    this.names[location] = texts.addText(name);
    this.ids[location] = id;
    this.origins[location] = origin;
    this.workloads[location] = texts.addText(workload);
    this.workloadOrigins[location] = workloadOrigin;
    this.nodes[location] = texts.addText(node);
    this.zones[location] = texts.addText(zone);
    this.resolutions[location] = resolution;
    this.needs[location] = needs;
    return location;
  }

  private grow(): void {
    this.names = grown(this.names);
    this.ids = grown(this.ids);
    this.origins = grown(this.origins);
    this.workloads = grown(this.workloads);
    this.workloadOrigins = grown(this.workloadOrigins);
    this.nodes = grown(this.nodes);
    this.zones = grown(this.zones);
    this.resolutions = grown(this.resolutions);
    this.needs = grown(this.needs);
  }
}
