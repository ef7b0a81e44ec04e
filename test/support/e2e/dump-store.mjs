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
  `SELECT toUInt32(count()) FROM system.tables WHERE database = 'parallax' AND name IN ('flows', 'events', 'flow_totals', 'denials', 'incidents')`,
);
/** Deletions that a process was killed within go on when the directory is opened again. */
function finishDeletions() {
  const until = Date.now() + 120_000;
  const open = 'SELECT toUInt32(count()) FROM system.mutations WHERE NOT is_done';
  while (rows(open)[0][0] > 0 && Date.now() < until) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
  }
}

/** What is counted of flows beside them: flows in all, and flows that a policy denied. */
function derived() {
  const one = (sql) => rows(`SELECT toUInt32(${sql}`)[0][0];
  return {
    counted: one('sum(flows)) FROM parallax.flow_totals'),
    denied: one(
      `count()) FROM parallax.flows WHERE verdict = 4 OR (verdict = 2 AND (drop_reason_desc IN (133, 177, 181, 189, 195)
       OR (drop_reason_desc = 0 AND (type = 2 OR event_type = 129))))`,
    ),
    denials: one('sum(drops + verdicts)) FROM parallax.denials'),
    incidents: one('sum(drops + verdicts)) FROM parallax.incidents'),
    // Denials of flows that are not stored, and slots that do not add up each for itself.
    strange:
      one('count()) FROM parallax.denials WHERE uuid NOT IN (SELECT uuid FROM parallax.flows)') +
      one(
        `count()) FROM (SELECT time_slot, cluster, sum(n) AS difference FROM (
           SELECT time_slot, cluster, toInt64(count()) AS n FROM parallax.flows GROUP BY time_slot, cluster
           UNION ALL SELECT time_slot, cluster, -toInt64(sum(flows)) AS n FROM parallax.flow_totals GROUP BY time_slot, cluster)
         GROUP BY time_slot, cluster HAVING difference != 0)`,
      ),
  };
}

if (tables < 5) {
  writeFileSync(target, '');
  const derived = { counted: 0, denied: 0, denials: 0, incidents: 0, strange: 0 };
  console.log(JSON.stringify({ rows: 0, doubled: 0, events: [], parts: 0, derived }));
} else {
  session.query(
    `INSERT INTO FUNCTION file('${target}', 'RowBinary', 'uuid UUID') SELECT uuid FROM parallax.flows
     SETTINGS engine_file_truncate_on_insert = 1`,
  );
  finishDeletions();
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
  console.log(JSON.stringify({ rows: flows, doubled, events, parts, derived: derived() }));
}
session.close();
