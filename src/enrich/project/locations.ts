// The clusters of distinct endpoints as each observing cluster sees them: asks the finder once and remembers.
import type { ClusterFinder } from '../clusters.ts';
import { grown } from './byte-table.ts';
import type { Endpoints } from './endpoints.ts';
import type { Texts } from './texts.ts';

/** Observing clusters remembered at once: one a writer's partition in service, many only in an import of old files. */
const MAX_OBSERVERS = 256;

export class Locations {
  /** Members by the location's number; 0 is no location. */
  names = new Uint32Array(64);
  ids = new Uint32Array(64);
  origins = new Uint32Array(64);
  private size = 1;
  private readonly numbers = new Map<string, number>();
  /** By the text of the observing cluster: the location of each endpoint, by its number. */
  private readonly byObserver = new Map<number, Uint32Array>();
  private current = 0;
  private ofCurrent: Uint32Array = new Uint32Array(0);
  private version: number;

  private readonly finder: ClusterFinder;
  private readonly endpoints: Endpoints;
  private readonly texts: Texts;

  constructor(finder: ClusterFinder, endpoints: Endpoints, texts: Texts) {
    this.finder = finder;
    this.endpoints = endpoints;
    this.texts = texts;
    this.version = finder.version;
  }

  /** Forgets what the finder would answer otherwise by now. Call between blocks. */
  refresh(): void {
    if (this.version !== this.finder.version || this.byObserver.size > MAX_OBSERVERS) this.clear();
  }

  /** The location of an endpoint seen from a cluster (the number of its key's text). */
  of(observer: number, endpoint: number): number {
    if (endpoint === 0) return 0;
    if (observer !== this.current || endpoint >= this.ofCurrent.length) this.turnTo(observer);
    const known = this.ofCurrent[endpoint] ?? 0;
    return known === 0 ? this.find(observer, endpoint) : known;
  }

  clear(): void {
    this.size = 1;
    this.numbers.clear();
    this.byObserver.clear();
    this.current = 0;
    this.ofCurrent = new Uint32Array(0);
    this.version = this.finder.version;
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

  private find(observer: number, endpoint: number): number {
    const { endpoints, texts } = this;
    const text = (ids: Uint32Array) => texts.text(ids[endpoint] ?? 0);
    const found = this.finder.find(texts.text(observer), {
      identity: endpoints.identities[endpoint] ?? 0,
      clusterName: text(endpoints.clusterNames),
      namespace: text(endpoints.namespaces),
      podName: text(endpoints.podNames),
      labels: text(endpoints.labels).split('\n'),
    });
    const key = `${found.id} ${found.origin} ${found.name}`;
    const location = this.numbers.get(key) ?? this.size++;
    this.numbers.set(key, location);
    if (location === this.names.length) this.grow();
    this.names[location] = texts.addText(found.name);
    this.ids[location] = found.id;
    this.origins[location] = found.origin;
    this.ofCurrent[endpoint] = location;
    return location;
  }

  private grow(): void {
    this.names = grown(this.names);
    this.ids = grown(this.ids);
    this.origins = grown(this.origins);
  }
}
