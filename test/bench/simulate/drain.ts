// Reads a GetFlows stream as fast as it comes and drops it, without looking into it: HOST:PORT as the argument.
import { connect } from 'node:http2';

const WINDOW = 16 << 20;
const session = connect(`http://${process.argv[2]}`, { settings: { initialWindowSize: WINDOW } });
session.on('connect', () => session.setLocalWindowSize(WINDOW));
session.on('error', () => process.exit());
const stream = session.request({
  ':method': 'POST',
  ':path': '/observer.Observer/GetFlows',
  'content-type': 'application/grpc',
  te: 'trailers',
});
stream.on('error', () => {});
stream.end(Buffer.from([0, 0, 0, 0, 2, 0x18, 1]));
stream.resume();
