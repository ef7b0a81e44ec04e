// Server-sent events out of a stream of text, by the rules of the HTML standard as far as our server uses them.
import { ParallaxError } from '../../runtime/errors.ts';

export interface ServerEvent {
  readonly event: string;
  readonly data: string;
  /** Where to go on from; '' when the event says none. */
  readonly id: string;
}

/** An event is a document; more is no event of ours. */
const MAX_CHARS = 1024 * 1024;

/** What is not ended by an empty line is left out: the stream broke within it. */
export async function* serverEvents(chunks: AsyncIterable<unknown>): AsyncGenerator<ServerEvent> {
  let rest = '';
  let fields: EventFields = { event: '', data: [], id: '' };
  for await (const chunk of chunks) {
    rest += String(chunk);
    if (rest.length > MAX_CHARS)
      throw new ParallaxError(
        'server/unavailable',
        `the server sent an event of more than ${MAX_CHARS} characters, which is no incident`,
      );
    // A carriage return at the end may be half of a line's end.
    const lines = rest.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line !== '') {
        read(line, fields);
        continue;
      }
      const { event, data, id } = fields;
      if (data.length > 0) yield { event: event || 'message', data: data.join('\n'), id };
      fields = { event: '', data: [], id };
    }
  }
}

interface EventFields {
  event: string;
  data: string[];
  id: string;
}

function read(line: string, fields: EventFields): void {
  const [, field = '', value = ''] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
  if (field === 'event') fields.event = value;
  else if (field === 'data') fields.data.push(value);
  else if (field === 'id' && !value.includes('\0')) fields.id = value;
}
