// Distinct endpoints: the whole Endpoint message of a flow, labels and all (some 350 bytes), is looked up as one key and
// decoded the first time it is seen. Clusters have thousands of endpoints, flows come by the million.
import { ByteTable } from './byte-table.ts';
import { joinLines } from './memo.ts';
import type { Texts } from './texts.ts';
import { WireReader } from './wire.ts';

/** Members of every endpoint, by its number; texts by their number in Texts. */
export class Endpoints {
  readonly table = new ByteTable(1024);
  ids = new Uint32Array(1024);
  identities = new Uint32Array(1024);
  clusterNames = new Uint32Array(1024);
  namespaces = new Uint32Array(1024);
  labels = new Uint32Array(1024);
  podNames = new Uint32Array(1024);
  workloads = new Uint32Array(1024);
  private lossy = new Uint32Array(1024);
  private readonly texts: Texts;
  private readonly cold = new WireReader();

  constructor(texts: Texts) {
    this.texts = texts;
  }

  /** The number of the Endpoint message whose length is next; 0 for an empty one. */
  read(reader: WireReader): number {
    const { table } = this;
    const end = reader.end();
    const known = table.size;
    const id = table.add(reader.view, reader.pos, end);
    if (id === known) {
      if (table.starts.length > this.ids.length) this.grow(table.starts.length);
      this.cold.open(reader, reader.pos, end);
      try {
        this.decode(id, this.cold);
      } catch (error) {
        table.removeNewest();
        throw error;
      }
    }
    reader.lossy |= this.lossy[id] ?? 0;
    reader.pos = end;
    return id;
  }

  clear(): void {
    this.table.clear();
  }

  private decode(id: number, reader: WireReader): void {
    let [endpointId, identity, clusterName, namespace, podName] = [0, 0, '', '', ''];
    const labels: string[] = [];
    const workloads: string[] = [];
    while (reader.pos < reader.limit) {
      const tag = reader.tag();
      if (tag === 8) endpointId = reader.u32();
      else if (tag === 16) identity = reader.u32();
      else if (tag === 26) namespace = reader.string();
      else if (tag === 34) labels.push(reader.string());
      else if (tag === 42) podName = reader.string();
      else if (tag === 50) workloads.push(readWorkload(reader));
      else if (tag === 58) clusterName = reader.string();
      else reader.unknown(tag);
    }
    this.ids[id] = endpointId;
    this.identities[id] = identity;
    this.clusterNames[id] = this.texts.addText(clusterName);
    this.namespaces[id] = this.texts.addText(namespace);
    this.labels[id] = this.texts.addText(joinLines(labels, reader));
    this.podNames[id] = this.texts.addText(podName);
    this.workloads[id] = this.texts.addText(joinLines(workloads, reader));
    this.lossy[id] = reader.lossy;
  }

  private grow(capacity: number): void {
    const larger = (array: Uint32Array) => {
      const copy = new Uint32Array(capacity);
      copy.set(array);
      return copy;
    };
    this.ids = larger(this.ids);
    this.identities = larger(this.identities);
    this.clusterNames = larger(this.clusterNames);
    this.namespaces = larger(this.namespaces);
    this.labels = larger(this.labels);
    this.podNames = larger(this.podNames);
    this.workloads = larger(this.workloads);
    this.lossy = larger(this.lossy);
  }
}

/** `Kind/name`; lossy when that cannot be split again or is empty. */
function readWorkload(reader: WireReader): string {
  let name = '';
  let kind = '';
  const outer = reader.enter();
  while (reader.pos < reader.limit) {
    const tag = reader.tag();
    if (tag === 10) name = reader.string();
    else if (tag === 18) kind = reader.string();
    else reader.unknown(tag);
  }
  reader.leave(outer);
  if (name.includes('/') || kind.includes('/') || (name === '' && kind === '')) reader.lossy = 1;
  return `${kind}/${name}`;
}
