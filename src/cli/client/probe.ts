import { connect } from 'node:net';

export type Protocol = 'http' | 'grpc' | 'tls';

/** The preface of HTTP/2 and an empty SETTINGS frame, RFC 9113 section 3.4. */
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0', 'latin1');
const TIMEOUT_MS = 2000;
const SETTINGS_FRAME = 4;
const TLS_ALERT = 0x15;

/**
 * What listens at a port, from its answer to the preface of HTTP/2: a gRPC server sends SETTINGS, an HTTP/1.1 server a
 * status line, a TLS server an alert. Undefined when nothing listens, or nothing known.
 */
export function probe(place: { host: string; port: number }): Promise<Protocol | undefined> {
  return new Promise((resolve) => {
    const socket = connect(place);
    const end = (found: Protocol | undefined) => {
      socket.destroy();
      resolve(found);
    };
    socket.setTimeout(TIMEOUT_MS, () => end(undefined));
    socket.on('error', () => end(undefined));
    socket.on('end', () => end(undefined));
    socket.once('data', (bytes) => end(protocolOf(bytes)));
    socket.write(PREFACE);
  });
}

function protocolOf(bytes: Buffer): Protocol | undefined {
  if (bytes.subarray(0, 5).toString('latin1') === 'HTTP/') return 'http';
  if (bytes[0] === TLS_ALERT) return 'tls';
  return bytes[3] === SETTINGS_FRAME ? 'grpc' : undefined;
}
