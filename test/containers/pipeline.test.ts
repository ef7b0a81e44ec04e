// The whole pipeline on the official images of Kafka and ClickHouse, the roles as processes of the built program, the
// configuration of deploy/ in the ClickHouse server. KAFKA_BROKERS and CLICKHOUSE_URL name servers in place of images.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ClickhouseEngine, startClickhouse } from '../engines/clickhouse.ts';
import { dockerAvailable } from '../engines/kafka/container.ts';
import { type KafkaEngine, startKafka } from '../engines/kafka.ts';
import { Child } from '../support/e2e/child.ts';
import { buildProgram, type Program } from '../support/e2e/program.ts';
import { Role } from '../support/e2e/role.ts';
import { Simulator } from '../support/e2e/simulator.ts';
import { readTruth, uuidText } from '../support/e2e/truth.ts';

const named = Boolean(process.env.KAFKA_BROKERS && process.env.CLICKHOUSE_URL);
const docker = named ? { ok: true as const } : await dockerAvailable();
if (!docker.ok) {
  const how = 'start Docker, or name servers with KAFKA_BROKERS and CLICKHOUSE_URL';
  console.warn(
    `\n*** NO DOCKER, TESTS ON THE OFFICIAL IMAGES DO NOT RUN: ${docker.reason}; ${how} ***\n`,
  );
}

const COUNT = 20_000;
const CLUSTERS = 2;
const DATABASE = `parallax_test_${process.pid}`;

describe.skipIf(!docker.ok)('the pipeline on official images', () => {
  let kafka: KafkaEngine | undefined;
  let clickhouse: ClickhouseEngine;
  let program: Program;
  let directory: string;
  let simulator: Simulator;
  const roles: Role[] = [];

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'parallax-containers-'));
    [kafka, clickhouse, program] = await Promise.all([
      startKafka(),
      startClickhouse(),
      buildProgram(),
    ]);
    const options = { program, directory, name: 'relays', seed: 7, rate: 2000, count: COUNT };
    simulator = new Simulator({ ...options, clusters: CLUSTERS });
    const addresses = await simulator.started();
    const config = {
      clusters: addresses.map((relay, index) => ({ name: `load-${index + 1}`, relay })),
      bus: { kind: 'kafka', kafka: { brokers: kafka.brokers, topic: `${DATABASE}.v1` } },
      store: {
        kind: 'clickhouse',
        clickhouse: {
          url: clickhouse.url,
          username: clickhouse.username,
          password: clickhouse.password,
          database: DATABASE,
        },
      },
      api: { listen: '127.0.0.1:0' },
    };
    for (const name of ['write', 'collect', 'serve']) {
      const role = new Role({ name, program, directory, command: [name], config });
      roles.push(role);
      await role.start();
    }
  });

  afterAll(async () => {
    await Promise.allSettled(roles.map((role) => role.stop()));
    await simulator?.child.stop().catch(() => undefined);
    if (process.env.CLICKHOUSE_URL) await clickhouse?.ask(`DROP DATABASE IF EXISTS ${DATABASE}`);
    await Promise.allSettled([kafka?.stop(), clickhouse?.stop(), program?.remove()]);
    if (directory) await rm(directory, { recursive: true, force: true });
  });

  const role = (name: string): Role => {
    const found = roles.find((each) => each.name === name);
    if (!found) throw new Error(`no role ${name}`);
    return found;
  };
  const stored = async () =>
    Number(await clickhouse.ask(`SELECT uniqExact(uuid) FROM ${DATABASE}.flows FORMAT TSV`));

  it('stores every flow once, with the writer killed on the way', async () => {
    const writer = role('write');
    await writer.child.until('a third of the flows', 60_000, async () => {
      return (await stored()) > (COUNT * CLUSTERS) / 3;
    });
    await writer.kill();
    await writer.start();
    await writer.child.until(
      'all flows',
      120_000,
      async () => (await stored()) >= COUNT * CLUSTERS,
    );
    const text = await clickhouse.ask(`SELECT toString(uuid) FROM ${DATABASE}.flows FORMAT TSV`);
    const rows = text.trimEnd().split('\n').sort();
    const sent = [...readTruth([simulator.ledger]).sent].map(uuidText).sort();
    expect(rows.length).toBe(sent.length);
    expect(rows).toEqual(sent);
  });

  it('answers observe over the API', async () => {
    const observe = new Child({
      name: 'observe',
      directory,
      args: [
        program.script,
        'observe',
        '--server',
        role('serve').url,
        '--last',
        '5',
        '-o',
        'jsonpb',
      ],
    });
    expect((await observe.exited).code, observe.tail()).toBe(0);
    const lines = observe.output.trimEnd().split('\n');
    expect(lines).toHaveLength(5);
    for (const line of lines) expect(JSON.parse(line)).toHaveProperty('flow.uuid');
  });

  it('is ready and tells its metrics', async () => {
    for (const each of roles) {
      const ready = await fetch(`${each.url}/readyz`);
      expect(ready.status, each.name).toBe(200);
      expect(await (await fetch(`${each.url}/metrics`)).text()).toContain('parallax_build_info');
    }
  });

  it.skipIf(named)('keeps the system logs of the server for days only', async () => {
    await clickhouse.ask('SYSTEM FLUSH LOGS');
    const ddl = await clickhouse.ask('SHOW CREATE TABLE system.query_log');
    expect(ddl).toContain('TTL event_date + toIntervalDay(3)');
    const gone = await clickhouse.ask(
      "SELECT count() FROM system.tables WHERE database = 'system' AND name = 'text_log' FORMAT TSV",
    );
    expect(Number(gone)).toBe(0);
  });

  it('drains and ends with 0 on SIGTERM', async () => {
    for (const name of ['collect', 'write', 'serve']) {
      expect((await role(name).stop())?.code, name).toBe(0);
    }
  });
});
