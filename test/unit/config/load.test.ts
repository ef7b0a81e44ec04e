import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type ConfigSources, loadConfig, renameNotice } from '../../../src/config/load.ts';
import { printConfig } from '../../../src/config/print.ts';
import { envName, leaves, schemaTree } from '../../../src/config/tree.ts';
import { duration, size } from '../../../src/config/values.ts';
import { ParallaxError } from '../../../src/runtime/errors.ts';

const schema = z.strictObject({
  shutdownTimeout: duration.prefault('25s'),
  clusters: z
    .array(
      z.strictObject({
        name: z.string(),
        relay: z.string(),
        tls: z.object({ key: z.string() }).optional(),
      }),
    )
    .default([]),
  bus: z
    .strictObject({
      kind: z.enum(['memory', 'kafka']).default('memory'),
      brokers: z.array(z.string()).default(['localhost:9092']),
      maxRecordBytes: size.prefault('8MiB'),
      createTopics: z.boolean().default(true),
      sasl: z.strictObject({ username: z.string(), password: z.string() }).optional(),
    })
    .prefault({}),
  api: z
    .strictObject({
      port: z.int().min(1).default(4280),
      apiKey: z.string().meta({ secret: true }).optional(),
    })
    .prefault({}),
  headers: z.record(z.string(), z.string()).default({}),
});

function file(text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'parallax-config-')), 'parallax.yaml');
  writeFileSync(path, text);
  return path;
}

function load(sources: Partial<ConfigSources>) {
  return loadConfig(schema, { env: {}, ...sources });
}

function problems(sources: Partial<ConfigSources>): string[] {
  try {
    load(sources);
  } catch (error) {
    expect(error).toBeInstanceOf(ParallaxError);
    expect((error as ParallaxError).code).toBe('config/invalid');
    return (error as Error).message
      .split('\n')
      .slice(1)
      .map((line) => line.trim());
  }
  throw new Error('was accepted');
}

describe('loadConfig', () => {
  it('has a default for everything', () => {
    expect(load({}).value).toMatchObject({
      shutdownTimeout: 25_000,
      clusters: [],
      bus: { kind: 'memory', maxRecordBytes: 8 << 20, createTopics: true },
    });
  });

  it('takes an empty file, and one of comments only', () => {
    expect(load({ file: file('') }).value.bus.kind).toBe('memory');
    expect(load({ file: file('# nothing\n') }).value.bus.kind).toBe('memory');
  });

  it('lets flags win over the environment, that over the file, that over defaults', () => {
    const yaml = file(
      'bus:\n  kind: kafka\n  brokers: [f:1]\n  maxRecordBytes: 1MiB\nshutdownTimeout: 5s\n',
    );
    const env = { PARALLAX_BUS_BROKERS: 'e:1, e:2', PARALLAX_BUS_MAX_RECORD_BYTES: '2MiB' };
    const { value, origins } = load({ file: yaml, env, set: ['bus.maxRecordBytes=3MiB'] });
    expect(value).toMatchObject({
      shutdownTimeout: 5000,
      bus: { kind: 'kafka', brokers: ['e:1', 'e:2'], maxRecordBytes: 3 << 20, createTopics: true },
    });
    expect(origins.get('bus.maxRecordBytes')).toBe('--set bus.maxRecordBytes');
    expect(origins.get('bus.brokers')).toBe('PARALLAX_BUS_BROKERS');
    expect(origins.get('bus.kind')).toBe(`${yaml}:2`);
  });

  it('lets dedicated flags win over --set', () => {
    const flag = { path: ['bus', 'kind'], value: 'memory', origin: '--memory' };
    expect(load({ set: ['bus.kind=kafka'], flags: [flag] }).value.bus.kind).toBe('memory');
  });

  it('reads text as the kind of value the setting has', () => {
    const env = {
      PARALLAX_API_PORT: '99',
      PARALLAX_BUS_CREATE_TOPICS: 'false',
      PARALLAX_CLUSTERS: '[{"name":"a","relay":"h:1"}]',
      PARALLAX_HEADERS: '{x: y}',
    };
    const { value } = load({
      env,
      set: ['clusters.0.relay=h:2', 'clusters.1.name=b', 'clusters.1.relay=h:3'],
    });
    expect(value.api.port).toBe(99);
    expect(value.bus.createTopics).toBe(false);
    expect(value.headers).toEqual({ x: 'y' });
    expect(value.clusters).toEqual([
      { name: 'a', relay: 'h:2' },
      { name: 'b', relay: 'h:3' },
    ]);
  });

  it('keeps a word a word that looks like a number', () => {
    const env = { PARALLAX_CLUSTERS: '[{"name":"1","relay":"h:1"}]' };
    expect(load({ env, set: ['clusters.0.name=007'] }).value.clusters[0]?.name).toBe('007');
  });

  it('tells all problems at once, with path, place and what was meant', () => {
    const yaml = file('bus:\n  kind: kafca\n  broker: [a:1]\nlogg: 1\nshutdownTimeout: soon\n');
    const found = problems({
      file: yaml,
      env: { PARALLAX_API_PROT: '1' },
      set: ['api.port=0', 'nonsense'],
    });
    expect(found).toEqual([
      'unknown variable, did you mean PARALLAX_API_PORT? (PARALLAX_API_PROT)',
      'expected PATH=VALUE such as bus.kind=kafka, got "nonsense" (--set)',
      `bus.broker: unknown key, did you mean "brokers"? (${yaml}:3)`,
      `logg: unknown key; known here: shutdownTimeout, clusters, bus, api, headers (${yaml}:4)`,
      expect.stringMatching(/^shutdownTimeout: expected a duration.*, got "soon" \(.*:5\)$/),
      expect.stringMatching(/^bus\.kind: .*"memory"\|"kafka", got "kafca" \(.*:2\)$/),
      expect.stringMatching(/^api\.port: .*, got 0 \(--set api\.port\)$/),
    ]);
  });

  it('finds unknown keys inside lists, and in objects whose schema would drop them', () => {
    const yaml = file('clusters:\n  - name: a\n    relay: h:1\n    tls: {key: k, kee: x}\n');
    expect(problems({ file: yaml })).toEqual([
      `clusters.0.tls.kee: unknown key, did you mean "key"? (${yaml}:4)`,
    ]);
  });

  it('does not print a refused secret', () => {
    const yaml = file('bus: {sasl: {username: u, password: 12345}}\n');
    expect(problems({ file: yaml })[0]).toMatch(/^bus\.sasl\.password: .*expected string/);
    expect(problems({ file: yaml }).join()).not.toContain('12345');
  });

  it('says where YAML is broken, and duplicate keys', () => {
    expect(problems({ file: file('bus:\n  kind: [\n') })[0]).toMatch(/yaml:\d\)$/);
    expect(problems({ file: file('bus: {}\nbus: {}\n') })[0]).toMatch(/unique.*yaml:2\)$/);
    expect(problems({ file: file('- a\n') })[0]).toMatch(/mapping.*yaml:1\)$/);
  });

  it('names a file that is not there', () => {
    expect(() => load({ file: '/nowhere/p.yaml' })).toThrow(
      /configuration file \/nowhere\/p.yaml cannot be read/,
    );
  });

  it('passes over what Kubernetes sets for a Service called parallax or parallax-api', () => {
    const env = {
      PARALLAX_SERVICE_HOST: '10.0.0.1',
      PARALLAX_SERVICE_PORT_HTTP: '80',
      PARALLAX_PORT: 'tcp://10.0.0.1:80',
      PARALLAX_PORT_80_TCP_ADDR: '10.0.0.1',
      PARALLAX_API_PORT: 'tcp://10.0.0.1:4280',
    };
    expect(load({ env }).value.api.port).toBe(4280);
  });

  it('knows short names of variables, over which the full name wins', () => {
    const aliases = { PARALLAX_PORT_OF_API: 'api.port' };
    const short = { PARALLAX_PORT_OF_API: '7' };
    expect(load({ env: short, aliases }).value.api.port).toBe(7);
    expect(load({ env: { PARALLAX_API_PORT: '8', ...short }, aliases }).value.api.port).toBe(8);
    expect(problems({ env: short })[0]).toContain('unknown variable');
  });

  it('cannot be used to reach prototypes', () => {
    expect(problems({ set: ['__proto__.x=1'] })[0]).toContain('unknown key');
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });
});

describe('environment names', () => {
  it('put a line before every capital behind a small letter or digit', () => {
    expect(envName(['bus', 'kafka', 'maxRecordBytes'])).toBe('PARALLAX_BUS_KAFKA_MAX_RECORD_BYTES');
    expect(envName(['tls', 'caFile'])).toBe('PARALLAX_TLS_CA_FILE');
  });

  it('are known for every leaf', () => {
    const paths = leaves(schemaTree(schema)).map(({ path }) => path.join('.'));
    expect(paths).toContain('bus.sasl.password');
    expect(paths).toContain('clusters');
    expect(paths).not.toContain('bus');
  });
});

describe('printConfig', () => {
  it('prints what would load to the same, secrets hidden, with origins', () => {
    const yaml = file(
      'bus:\n  brokers: [a:1, b:2]\n  sasl: {username: u, password: geheim}\napi: {apiKey: geheim}\n',
    );
    const { written, origins } = load({
      file: yaml,
      set: ['headers={u: "https://me:geheim@host/"}'],
    });
    const text = printConfig({ tree: schemaTree(schema), written, origins });
    expect(text).not.toContain('geheim');
    expect(text).toContain('password: <hidden>');
    expect(text).toContain('apiKey: <hidden>');
    expect(text).toContain('https://me:<hidden>@host/');
    expect(text).toContain(`brokers: [ a:1, b:2 ] # ${yaml}:2`);
    expect(text).toContain('shutdownTimeout: 25s');
    expect(load({ file: file(text) }).value.bus).toMatchObject({
      brokers: ['a:1', 'b:2'],
      kind: 'memory',
    });
  });
});

describe('a renamed key', () => {
  const renamed = z.strictObject({
    cache: z
      .strictObject({
        size: z.int().default(1),
        closedAfter: duration.prefault('10m').meta({ renamedFrom: 'settle' }),
      })
      .prefault({}),
    clusters: z
      .array(z.strictObject({ relay: z.string().meta({ renamedFrom: 'address' }) }))
      .default([]),
  });
  const read = (sources: Partial<ConfigSources>) => loadConfig(renamed, { env: {}, ...sources });
  const refusal = (sources: Partial<ConfigSources>) => {
    try {
      return read(sources).value;
    } catch (error) {
      return (error as Error).message;
    }
  };

  it('is read from a file, with the line that holds it', () => {
    const path = file('cache:\n  size: 2\n  settle: 5s\nclusters:\n  - address: relay:80\n');
    const { value, origins, written, renamed: old } = read({ file: path });
    expect(value).toEqual({
      cache: { size: 2, closedAfter: 5000 },
      clusters: [{ relay: 'relay:80' }],
    });
    expect(written).toMatchObject({ cache: { closedAfter: '5s' } });
    expect(origins.get('cache.closedAfter')).toBe(`${path}:3`);
    expect(old.map(renameNotice)).toEqual([
      `${path}:3: cache.settle is now cache.closedAfter; the old name is read for one version`,
      `${path}:5: clusters.0.address is now clusters.0.relay; the old name is read for one version`,
    ]);
  });

  it('is read from the environment and from --set', () => {
    const env = { PARALLAX_CACHE_SETTLE: '7s' };
    expect(read({ env })).toMatchObject({
      value: { cache: { closedAfter: 7000 } },
      renamed: [{ newKey: 'cache.closedAfter', origin: 'PARALLAX_CACHE_SETTLE' }],
    });
    expect(read({ set: ['cache.settle=8s'] })).toMatchObject({
      value: { cache: { closedAfter: 8000 } },
      renamed: [{ newKey: 'cache.closedAfter', origin: '--set cache.settle' }],
    });
  });

  it('has no warning under its name of today', () => {
    const env = { PARALLAX_CACHE_CLOSED_AFTER: '7s' };
    expect(read({ env, set: ['cache.size=3'] }).renamed).toEqual([]);
  });

  it('is an error when it is given under both names', () => {
    const path = file('cache:\n  settle: 5s\n');
    expect(refusal({ file: path, env: { PARALLAX_CACHE_CLOSED_AFTER: '6s' } })).toBe(
      'configuration has a problem:\n' +
        `  cache.closedAfter: is also set by its old name cache.settle (${path}:2); remove the old one (PARALLAX_CACHE_CLOSED_AFTER)`,
    );
  });

  it('is checked as the new one', () => {
    expect(refusal({ set: ['cache.settle=soon'] })).toContain(
      'cache.closedAfter: expected a duration such as 250ms, 5s, 1m30s or 7d, got "soon" (--set cache.settle)',
    );
  });
});
