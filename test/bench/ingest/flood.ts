// A relay that only floods, run as a process of its own: every GetFlows gets the same prepared flows over and over,
// as many as `--flows` says. `--frame` sets how the bytes are cut: `large` writes, or one write a message as Go's
// server does. Prints its port.

import { createServer, type ServerHttp2Stream } from 'node:http2';
import { parseArgs } from 'node:util';
import { msToNs } from '../../../src/runtime/time.ts';
import { flowResponse, framed } from '../../support/ingest/responses.ts';

const { values } = parseArgs({
  options: {
    flows: { type: 'string', default: '1000000' },
    size: { type: 'string', default: '900' },
    frame: { type: 'string', default: 'large' },
  },
});
const total = Number(values.flows);
const PREPARED = 2048;
const start = msToNs(Date.now());

const messages = Array.from({ length: PREPARED }, (_, i) =>
  framed(
    flowResponse({
      timeNs: start + BigInt(i) * 1000n,
      node: `east/node-${(i >> 4) % 8}`,
      uuid: `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`,
      pad: Number(values.size) - 105,
    }),
  ),
);
const all = Buffer.concat(messages);

const server = createServer({
  settings: { maxConcurrentStreams: 100 },
  maxSessionMemory: 1000,
});
server.on('stream', (stream, headers) => {
  stream.on('error', () => undefined);
  if (headers[':path'] !== '/observer.Observer/GetFlows') {
    stream.respond({ ':status': 200, 'grpc-status': '12', 'content-type': 'application/grpc' });
    stream.end();
    return;
  }
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  if (values.frame === 'large') large(stream, total);
  else single(stream, total);
});

function large(stream: ServerHttp2Stream, left: number): void {
  for (let rest = left; rest > 0; ) {
    const count = Math.min(rest, PREPARED);
    rest -= count;
    const more = stream.write(count === PREPARED ? all : Buffer.concat(messages.slice(0, count)));
    if (rest === 0) stream.end();
    else if (!more) {
      stream.once('drain', () => large(stream, rest));
      return;
    }
  }
}

function single(stream: ServerHttp2Stream, left: number): void {
  for (let rest = left; rest > 0; ) {
    const more = stream.write(messages[rest % PREPARED] ?? all);
    rest--;
    if (rest === 0) stream.end();
    else if (!more) {
      stream.once('drain', () => single(stream, rest));
      return;
    }
  }
}

server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  console.log(typeof address === 'object' ? address?.port : address);
});
process.on('disconnect', () => process.exit());
