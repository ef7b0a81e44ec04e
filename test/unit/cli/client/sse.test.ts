import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ServerEvent, serverEvents } from '../../../../src/cli/client/sse.ts';

async function eventsOf(chunks: readonly string[]): Promise<ServerEvent[]> {
  async function* stream() {
    yield* chunks;
  }
  const events: ServerEvent[] = [];
  for await (const event of serverEvents(stream())) events.push(event);
  return events;
}

const TEXT =
  ': hello\n\nid: 1\nevent: new\ndata: {"a":\ndata: 1}\n\ndata:bare\n\r\nevent: none\n\nid: 2\r\nevent: changed\r\ndata:  x\r\nretry: 9\r\n\r\ndata: cut';
const EVENTS = [
  { event: 'new', data: '{"a":\n1}', id: '1' },
  { event: 'message', data: 'bare', id: '1' },
  { event: 'changed', data: ' x', id: '2' },
];

test('events are read, comments and what is not ended are not', async () => {
  expect(await eventsOf([TEXT])).toEqual(EVENTS);
});

test('wherever the stream is cut into pieces', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(TEXT.length), { maxLength: 20 }), async (cuts) => {
      const at = [0, ...cuts.sort((a, b) => a - b), TEXT.length];
      const chunks = at.slice(1).map((to, index) => TEXT.slice(at[index], to));
      expect(await eventsOf(chunks)).toEqual(EVENTS);
    }),
  );
});

test('an event without an end is refused before it fills the memory', async () => {
  const chunks = Array.from({ length: 20 }, () => 'x'.repeat(100_000));
  await expect(eventsOf(chunks)).rejects.toMatchObject({ code: 'server/unavailable' });
});
