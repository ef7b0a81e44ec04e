// A process of its own that inserts until it is killed: `insert-child.ts DIRECTORY ROUND ROWS RECEIVED_AT`. Says every
// token on a line of its own once the store has taken it.
import { flowBlock } from './flow-rows.ts';
import { openStore } from './stores.ts';

const [path = '', round = '', rows = '', received = ''] = process.argv.slice(2);
const { store } = await openStore({ chdb: { path } });
process.stdout.write('open\n');
for (let i = 0; ; i += 2) {
  await Promise.all(
    [i, i + 1].map(async (number) => {
      const mark = `${round}:${number}`;
      const block = flowBlock({ rows: Number(rows), mark, receivedAt: Number(received) });
      await store.insert(block, { token: mark });
      process.stdout.write(`${mark}\n`);
    }),
  );
}
