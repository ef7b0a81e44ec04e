// Child process: opens a data directory with the engine itself, without a line of the program under test, and writes
// all uuids of `flows` to a file (16 bytes a row). Prints what else a test asks about as one JSON object.
import { writeFileSync } from 'node:fs';
import { Session } from 'chdb';

const [directory, target] = process.argv.slice(2);
const session = new Session(directory);
const rows = (sql) =>
  session
    .query(`${sql} FORMAT JSONCompactEachRow`)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

const [[tables]] = rows(
  `SELECT toUInt32(count()) FROM system.tables WHERE database = 'parallax' AND name IN ('flows', 'events')`,
);
if (tables < 2) {
  writeFileSync(target, '');
  console.log(JSON.stringify({ rows: 0, doubled: 0, events: [], parts: 0 }));
} else {
  session.query(
    `INSERT INTO FUNCTION file('${target}', 'RowBinary', 'uuid UUID') SELECT uuid FROM parallax.flows
     SETTINGS engine_file_truncate_on_insert = 1`,
  );
  const [[flows]] = rows('SELECT toUInt32(count()) FROM parallax.flows');
  // Told twice: by the engine here, and by whoever compares the file.
  const [[doubled]] = rows(
    'SELECT toUInt32(count()) FROM (SELECT uuid FROM parallax.flows GROUP BY uuid HAVING count() > 1)',
  );
  const events = rows(
    `SELECT kind, toUInt32(count()), toUInt32(uniqExact(uuid)), toUInt32(sum(num_events_lost))
     FROM parallax.events GROUP BY kind ORDER BY kind`,
  );
  const [[parts]] = rows(
    `SELECT toUInt32(count()) FROM system.parts WHERE active AND database = 'parallax' AND table = 'flows'`,
  );
  console.log(JSON.stringify({ rows: flows, doubled, events, parts }));
}
session.close();
