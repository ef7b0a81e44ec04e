// Annotations of a row's service, looked up once for each distinct service and observing cluster.
import type { EndFinder } from '../inventory/ends.ts';
import type { RowWriter } from './row-writer.ts';

export class Scopes {
  private readonly writer: RowWriter;
  private readonly finder: EndFinder;
  private lookUp: ReturnType<EndFinder['scopes']>;
  /** Texts by observing cluster and service, both by number. */
  private readonly known = new Map<number, number>();

  constructor(writer: RowWriter, finder: EndFinder) {
    this.writer = writer;
    this.finder = finder;
  }

  /** Call between blocks: what was remembered may have changed. */
  refresh(): void {
    this.known.clear();
    this.lookUp = this.finder.scopes();
  }

  /** The text for the row at hand, seen by the cluster with that number; 0 when there is nothing to say. */
  of(observer: number): number {
    if (this.lookUp === undefined) return 0;
    const { groups, row } = this.writer;
    const service = groups.destination_service[row] || groups.source_service[row] || 0;
    return service === 0 ? 0 : this.ofService(this.lookUp, observer, service);
  }

  private ofService(
    lookUp: NonNullable<ReturnType<EndFinder['scopes']>>,
    observer: number,
    service: number,
  ): number {
    const key = observer * 2 ** 26 + service;
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const { texts, services } = this.writer;
    const text = (ids: Uint32Array) => texts.text(ids[service] ?? 0);
    const scope = texts.addText(
      lookUp(texts.text(observer), text(services.values.namespace), text(services.values.name)),
    );
    this.known.set(key, scope);
    return scope;
  }
}
