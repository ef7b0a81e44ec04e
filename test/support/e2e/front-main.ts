// Child process: a ClickHouse server as far as the tests have one, over a data directory, at a port that stays the same
// from one life to the next. SIGUSR2 makes it refuse inserts, SIGHUP take them again, SIGTERM ends it.
import { connect, createServer } from 'node:net';
import { startFront } from '../../engines/clickhouse-front.ts';

const TOO_MANY_PARTS = 252;

const [path = '', port = ''] = process.argv.slice(2);
const front = await startFront({ path });
process.on('SIGUSR2', () => front.refuse({ how: TOO_MANY_PARTS }));
process.on('SIGHUP', () => front.refuse(undefined));

const target = Number(new URL(front.url).port);
const door = createServer((outside) => {
  const inside = connect(target, '127.0.0.1');
  outside.pipe(inside).pipe(outside);
  outside.on('error', () => inside.destroy());
  inside.on('error', () => outside.destroy());
});
door.listen(Number(port), '127.0.0.1', () => console.error(JSON.stringify({ msg: 'running' })));

process.on('SIGTERM', () => {
  door.close();
  void front.close().then(() => process.exit(0));
});
