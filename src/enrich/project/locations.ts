// Locations of distinct endpoints, as each observing cluster sees them, found once and cached. Where the observing node or
// the address decides, answers are cached by those too, in a table of fixed size in which newer answers replace older
// ones: a scan of the whole internet needs no more memory than one address.
import { LOCATION_COLUMNS } from '../../store/schema/columns-enriched.ts';
import {
  DEPENDS_ON,
  type EndFinder,
  type EndPlace,
  type ObservationContext,
} from '../inventory/ends.ts';
import { grown, numberColumns, resizeAll } from './byte-table.ts';
import type { RowWriter } from './row-writer.ts';
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
  /** Values of the columns of an end (`source_` before them) by the location's number; texts by their number. */
  readonly values = numberColumns(LOCATION_COLUMNS, 64);
  private dependsOn = new Uint32Array(64);
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
  private readonly endpoints: RowWriter['endpoints'];
  private readonly texts: Texts;

  constructor(finder: EndFinder, endpoints: RowWriter['endpoints'], texts: Texts) {
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
    const dependsOn = this.dependsOn[location] ?? 0;
    if (dependsOn === DEPENDS_ON.nothing) return location;
    if (dependsOn === DEPENDS_ON.address)
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
    const context =
      this.dependsOn[location] === DEPENDS_ON.address
        ? { address: texts.text(text) }
        : { node: texts.text(text), nodeLabels: texts.text(labels) };
    const found = this.add(this.find(observer, endpoint, context));
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

  private find(observer: number, endpoint: number, context?: ObservationContext): EndPlace {
    const { texts } = this;
    const { values } = this.endpoints;
    const text = (ids: Uint32Array) => texts.text(ids[endpoint] ?? 0);
    const end = {
      id: values.ID[endpoint] ?? 0,
      identity: values.identity[endpoint] ?? 0,
      clusterName: text(values.cluster_name),
      namespace: text(values.namespace),
      podName: text(values.pod_name),
      labels: text(values.labels).split('\n'),
      workloads: text(values.workloads).split('\n'),
    };
    return this.finder.find(texts.text(observer), end, context);
  }

  /** The number of a place; the same for equal ones. */
  private add(found: EndPlace): number {
    const { name, id, origin, workload, workloadOrigin, node, zone, resolution, dependsOn } = found;
    const key = `${id} ${origin} ${workloadOrigin} ${resolution} ${dependsOn} ${name}\n${workload}\n${node}\n${zone}`;
    const known = this.numbers.get(key);
    if (known !== undefined) return known;
    const location = this.size++;
    this.numbers.set(key, location);
    const { texts, values } = this;
    if (location === this.dependsOn.length) {
      this.dependsOn = grown(this.dependsOn);
      resizeAll(values, this.dependsOn.length);
    }
    values.cluster[location] = texts.addText(name);
    values.cluster_id[location] = id;
    values.cluster_origin[location] = origin;
    values.workload[location] = texts.addText(workload);
    values.workload_origin[location] = workloadOrigin;
    values.node[location] = texts.addText(node);
    values.zone[location] = texts.addText(zone);
    values.resolution[location] = resolution;
    this.dependsOn[location] = dependsOn;
    return location;
  }
}
