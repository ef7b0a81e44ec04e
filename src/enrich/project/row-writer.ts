// The row being filled, the dictionaries its parts are looked up in, and the few facts that are known only when the
// whole flow was read.
import {
  Emitter,
  Endpoint,
  Ethernet,
  Policy,
  Service,
  Tunnel,
} from '../../hubble/proto/schema.gen.ts';
import { WireReader } from '../../hubble/proto/wire.ts';
import { type MessageGroup, PRESENCE } from '../../store/schema/columns.ts';
import type { DecodeOnce } from './decode-once.ts';
import { makeHeadersJson, makeListJson, makeMessageJson } from './json-text.ts';
import { Memo, makeLines } from './memo.ts';
import { type MessageTable, messageTable } from './message-table.ts';
import { type Columns, type Groups, Rows } from './rows.ts';
import { Span } from './span.ts';
import { Texts } from './texts.ts';

export class RowWriter {
  readonly reader = new WireReader();
  readonly rows = new Rows();
  readonly texts = new Texts();
  readonly endpoints = messageTable('source', Endpoint, this.texts, 1024);
  readonly emitters = messageTable('emitter', Emitter, this.texts, 64);
  readonly ethernets = messageTable('ethernet', Ethernet, this.texts, 256);
  readonly services = messageTable('source_service', Service, this.texts, 256);
  /** The table of each group's messages. */
  readonly tables: Readonly<Record<MessageGroup, MessageTable<string>>> = {
    source: this.endpoints,
    destination: this.endpoints,
    emitter: this.emitters,
    ethernet: this.ethernets,
    source_service: this.services,
    destination_service: this.services,
  };
  readonly lines = new Memo(this.texts, makeLines);
  readonly policies = new Memo(this.texts, makeListJson(Policy));
  readonly headers = new Memo(this.texts, makeHeadersJson);
  readonly tunnels = new Memo(this.texts, makeMessageJson(Tunnel));

  columns: Columns = this.rows.columns;
  groups: Groups = this.rows.groups;
  row = 0;
  /** Bits of the row's `presence`. */
  presence = 0;
  /** Spans of fields of the flow that are dealt with when it was read to its end. */
  readonly uuid = new Span();
  readonly nodeName = new Span();
  readonly time = new Span();

  /** Makes room for a block of so many rows. */
  begin(bytes: Buffer, rows: number): void {
    this.reader.reset(bytes);
    this.rows.reserve(rows);
    this.columns = this.rows.columns;
    this.groups = this.rows.groups;
  }

  beginRow(row: number): void {
    this.row = row;
    this.presence = 1 << PRESENCE.flow;
    this.uuid.clear();
    this.nodeName.clear();
    this.time.clear();
    this.reader.lossy = 0;
    this.texts.lossy = 0;
  }

  /** Notes that a message is there. A second one would be merged into the first, which columns cannot show. */
  present(bit: number): void {
    const mask = 1 << bit;
    if (this.presence & mask) this.reader.lossy = 1;
    this.presence |= mask;
  }

  /** The number of the text of a length-delimited field. */
  text(): number {
    const { reader } = this;
    const end = reader.end();
    const id = this.texts.add(reader.view, reader.pos, end);
    reader.pos = end;
    return id;
  }

  /** The text of a repeated field whose first tag was just read from `start`; `before` is what the column has. */
  list(memo: Memo, start: number, tag: number, before: number | undefined): number {
    const { reader } = this;
    // Its elements did not follow on each other: the column has the last of them only.
    if (before !== 0) reader.lossy = 1;
    return memo.run(reader, start, tag);
  }

  /** Whether the row keeps the response's bytes. */
  get lossy(): boolean {
    return (this.reader.lossy | this.texts.lossy) !== 0;
  }

  /** Texts, endpoints and so on that are kept. */
  get entries(): number {
    let entries = this.texts.table.size;
    for (const { table } of this.dictionaries()) entries += table.size;
    return entries;
  }

  /** Bytes of their keys. */
  get bytes(): number {
    let bytes = this.texts.table.byteLength;
    for (const { table } of this.dictionaries()) bytes += table.byteLength;
    return bytes;
  }

  /** Forgets all of them. */
  forget(): void {
    for (const dictionary of this.dictionaries()) dictionary.clear();
    this.texts.clear();
  }

  private dictionaries(): readonly DecodeOnce[] {
    const { lines, policies, headers, tunnels } = this;
    return [...new Set(Object.values(this.tables)), lines, policies, headers, tunnels];
  }
}
