// What can be known of deploy/ without Docker: the configuration loads, the commands exist, the promises are written.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadParallaxConfig } from '../../../src/app/config.ts';
import { buildProgram } from '../../../src/cli/program.ts';
import { simulateSchema } from '../../../src/simulate/config.ts';

const DEPLOY = fileURLToPath(new URL('../../../deploy/', import.meta.url));
const read = (name: string) => readFileSync(join(DEPLOY, name), 'utf8');

interface Service {
  readonly image: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string | number>>;
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test?: readonly string[]; readonly disable?: boolean };
  readonly read_only?: boolean;
  readonly mem_limit?: string;
  readonly stop_grace_period?: string;
  readonly ports?: readonly string[];
}

const compose = parse(read('compose.yaml'), { merge: true }) as {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
};
const services = Object.entries(compose.services);
const roles = services.filter(([, { image }]) => image.startsWith('parallax'));

/** The service's variables as Compose would set them without a variable of the host. */
function envOf(service: Service): Record<string, string> {
  const entries = Object.entries(service.environment ?? {}).map(([name, value]) => [
    name,
    String(value).replace(/\$\{\w+:-([^}]*)\}/g, '$1'),
  ]);
  return Object.fromEntries(entries);
}

describe('compose.yaml', () => {
  it('runs Kafka, ClickHouse, every role and simulated relays', () => {
    expect(services.map(([name]) => name).sort()).toEqual(
      ['alert', 'clickhouse', 'collect', 'kafka', 'relays', 'serve', 'write'].sort(),
    );
  });

  it('gives commands that exist', async () => {
    const program = await buildProgram();
    const known = program.commands.map((command) => command.name());
    for (const [, { command }] of roles) expect(known).toContain(command?.[0]);
  });

  it('mounts files that exist', () => {
    const mounts = services.flatMap(([, { volumes }]) => volumes ?? []);
    const files = mounts
      .map((mount) => mount.split(':')[0] ?? '')
      .filter((file) => file.startsWith('.'));
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) expect(existsSync(join(DEPLOY, file)), file).toBe(true);
    const named = mounts
      .map((mount) => mount.split(':')[0] ?? '')
      .filter((name) => /^\w/.test(name));
    expect(named.sort()).toEqual(Object.keys(compose.volumes).sort());
  });

  it('waits for what is healthy, which has a check then', () => {
    for (const [name, { depends_on }] of services) {
      for (const [other, { condition }] of Object.entries(depends_on ?? {})) {
        const peer = compose.services[other];
        expect(peer, `${name} waits for ${other}`).toBeDefined();
        if (condition !== 'service_healthy') continue;
        // The roles' image has a check of its own.
        const checked =
          peer?.healthcheck?.test ?? (peer?.image.startsWith('parallax') && !peer.healthcheck);
        expect(checked, `${name} waits for ${other} to be healthy`).toBeTruthy();
      }
    }
  });

  it('bounds memory, writes nothing to the roots of the roles, and leaves time to drain', () => {
    for (const [name, service] of services) expect(service.mem_limit, name).toMatch(/^\d+[mg]$/);
    const drain = loadParallaxConfig({ env: {}, file: join(DEPLOY, 'parallax.yaml') }).value
      .shutdownTimeout;
    for (const [name, service] of roles) {
      expect(service.read_only, name).toBe(true);
      expect(Number.parseInt(service.stop_grace_period ?? '', 10) * 1000, name).toBeGreaterThan(
        drain,
      );
    }
  });

  it('opens ports on loopback only', () => {
    for (const [, { ports }] of services)
      for (const port of ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/);
  });
});

describe('parallax.yaml', () => {
  it('loads for every role, with the variables that compose sets', () => {
    for (const name of ['collect', 'write', 'serve', 'alert'] as const) {
      const service = compose.services[name];
      if (!service) throw new Error(`no ${name}`);
      const { value } = loadParallaxConfig({
        env: envOf(service),
        file: join(DEPLOY, 'parallax.yaml'),
      });
      expect(value.store.clickhouse.password).toBe(
        envOf(compose.services.clickhouse as Service).CLICKHOUSE_PASSWORD,
      );
      expect(value.store.clickhouse.username).toBe(
        envOf(compose.services.clickhouse as Service).CLICKHOUSE_USER,
      );
      expect(new URL(value.store.clickhouse.url).hostname).toBe('clickhouse');
      const kafka = compose.services.kafka as Service;
      expect(value.bus.kafka.brokers.map((broker) => `PLAINTEXT://${broker}`)).toEqual([
        kafka.environment?.KAFKA_ADVERTISED_LISTENERS,
      ]);
    }
  });

  it('collects from the relays that compose simulates', () => {
    const { value } = loadParallaxConfig({ env: {}, file: join(DEPLOY, 'parallax.yaml') });
    const command = compose.services.relays?.command ?? [];
    const listen = command.filter((_, index) => command[index - 1] === '--listen');
    expect(simulateSchema.safeParse({ scenario: 'story', listen }).success).toBe(true);
    const ports = listen.map((address) => `relays:${address.split(':')[1]}`);
    expect(value.clusters.map((cluster) => cluster.relay)).toEqual(ports);
  });
});

describe('Dockerfile', () => {
  const text = read('Dockerfile');
  const stages = text.split(/^FROM /m).slice(1);
  const last = stages.at(-1) ?? '';

  it('builds in stages on the newest LTS and ends without what only building needs', () => {
    expect(stages.length).toBeGreaterThan(1);
    const bases = stages.map((stage) => stage.split(/\s/)[0] ?? '');
    for (const base of bases) expect(base).toMatch(/^(node:24-|build$)/);
    expect(last).not.toMatch(/^RUN npm/m);
    expect(last).not.toContain('--from=build /app/node_modules');
    expect(text).toMatch(/rm -rf node_modules\/chdb/);
  });

  it('runs as nobody in particular, with a health check and a stop signal', () => {
    expect(last).toMatch(/^USER [1-9]\d*:[1-9]\d*$/m);
    expect(last).toMatch(/^HEALTHCHECK .*CMD \["node", "healthcheck.mjs"\]$/m);
    expect(last).toMatch(/^STOPSIGNAL SIGTERM$/m);
    expect(last).toMatch(/^ENTRYPOINT \["node", "bin\/parallax.js"\]$/m);
  });

  it('copies what exists and what .dockerignore lets in', () => {
    const home = join(DEPLOY, '..');
    const allowed = readFileSync(join(home, '.dockerignore'), 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    const copies = [...text.matchAll(/^COPY (?!--from)(.+)$/gm)].flatMap(([, words]) =>
      (words ?? '').split(' ').slice(0, -1),
    );
    expect(copies).toContain('src');
    for (const copy of copies) {
      expect(existsSync(join(home, copy)), copy).toBe(true);
      expect(allowed, copy).toContain(copy);
    }
  });
});

describe('ClickHouse configuration', () => {
  it('is well-formed and keeps every system log for some days or not at all', () => {
    const text = read('clickhouse/config.d/parallax.xml').replace(/<!--[\s\S]*?-->/g, '');
    const opened = [...text.matchAll(/<(\w+)(?: [^>]*?)?(\/?)>/g)].filter(
      ([, , self]) => self === '',
    );
    const closed = [...text.matchAll(/<\/(\w+)>/g)].map(([, name]) => name);
    expect(opened.map(([, name]) => name).sort()).toEqual(closed.sort());
    for (const log of ['query_log', 'part_log', 'metric_log', 'asynchronous_metric_log']) {
      expect(text).toMatch(
        new RegExp(`<${log}>\\s*<ttl>event_date \\+ INTERVAL \\d+ DAY DELETE</ttl>`),
      );
    }
    for (const log of ['trace_log', 'text_log']) expect(text).toContain(`<${log} remove="1"/>`);
  });
});
