// What observe makes of Hubble's server flags, its environment and its configuration file.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readHubbleConfig } from '../../../src/cli/observe/hubble-config.ts';
import { openResponses } from '../../../src/cli/observe/input-file.ts';
import { type ObserveOptions, readOptions } from '../../../src/cli/observe/options.ts';
import { runObserve } from '../../../src/cli/observe/run.ts';
import type { Env, HubbleConfig } from '../../../src/cli/observe/settings.ts';
import { observe } from '../../support/cli/recorded.ts';

const NOW_MS = Date.parse('2026-11-23T00:00:00Z');
const NOW = BigInt(NOW_MS) * 1_000_000n;

async function options(
  args: readonly string[],
  env: Env = {},
  config: HubbleConfig = {},
): Promise<ObserveOptions> {
  const read = await readOptions(args, {
    env,
    nowMs: () => NOW_MS,
    warn: () => undefined,
    readConfig: async () => config,
  });
  if (read === 'help') throw new Error('help');
  return read;
}

const REFUSALS: readonly (readonly [args: readonly string[], message: string])[] = [
  [
    ['--tls-client-cert-file', 'x'],
    'invalid flag(s): certificate and private key are both required, but only one was provided',
  ],
  [
    ['--tls', '--tls-client-key-file', 'x'],
    'invalid flag(s): certificate and private key are both required, but only one was provided',
  ],
  [
    ['--tls-client-cert-file', 'x', '--tls-client-key-file', 'y'],
    'invalid flag(s): transport layer security required',
  ],
  [
    ['--server', 'tls://x:1', '--tls-client-cert-file', 'x', '--tls-client-key-file', 'y'],
    'open x: no such file or directory',
  ],
  [
    ['--tls', '--tls-ca-cert-files', '/nope/'],
    "cannot load cert '/nope/': open /nope: no such file or directory",
  ],
  [['--tls', '--tls-ca-cert-files', '/'], "cannot load cert '/': read /: is a directory"],
  [
    ['--tls', '--tls-ca-cert-files', '/dev/null'],
    "cannot process cert '/dev/null': must be a PEM encoded certificate",
  ],
  [
    ['--tls', '--tls-client-cert-file', '/dev/null', '--tls-client-key-file', '/dev/null'],
    'tls: failed to find any PEM data in certificate input',
  ],
  [
    ['--basic-auth-username', 'u'],
    'invalid flag(s): must specify both basic-auth-username and basic-auth-password',
  ],
  [
    ['--basic-auth-password', 'p'],
    'invalid flag(s): must specify both basic-auth-username and basic-auth-password',
  ],
  [['--timeout', 'x'], 'invalid argument "x" for "--timeout" flag: time: invalid duration "x"'],
  [
    ['--timeout', '5'],
    'invalid argument "5" for "--timeout" flag: time: missing unit in duration "5"',
  ],
  [
    ['--request-timeout', '1d'],
    'invalid argument "1d" for "--request-timeout" flag: time: unknown unit "d" in duration "1d"',
  ],
  [
    ['--port-forward-port', '70000'],
    'invalid argument "70000" for "--port-forward-port" flag: strconv.ParseUint: parsing "70000": value out of range',
  ],
  [['--tls=maybe'], 'strconv.ParseBool: parsing "maybe": invalid syntax'],
  [['-P=maybe'], 'invalid argument "maybe" for "-P, --port-forward" flag'],
  [['--first', '1', '-f', '-o', 'table'], 'table output format is not compatible with follow mode'],
  [['--first', '1', '--last', '1', '--all'], 'cannot set both --first and --last'],
  [['--first', '1', '--all', '-f'], 'cannot set both --first and --all'],
  [['--field-mask', 'time', '-o', 'tab'], 'tab output format is not compatible with custom'],
  [['--field-mask', 'source.labels.x', '-o', 'json'], 'proto: invalid path "source.labels.x"'],
  [['--since', '1d', '--input-file', 'x'], 'failed to parse the since time: failed to convert 1d'],
  [['--until', '9999999h'], 'failed to parse the until time: failed to convert 9999999h to time'],
  [['--kube-context'], 'flag needs an argument: --kube-context'],
];

test.each(REFUSALS)('%j is refused', async (args, message) => {
  await expect(options(args)).rejects.toThrow(message);
});

describe('who is asked', () => {
  const cases: readonly (readonly [string[], Env, HubbleConfig, object])[] = [
    [[], {}, {}, { kind: 'directory', path: 'parallax-data' }],
    [['--server', 'http://h:1'], {}, {}, { kind: 'api', url: 'http://h:1' }],
    [['--server', 'h:4245'], {}, {}, { kind: 'relay', address: 'h:4245' }],
    [['--server', 'tls://h:1'], {}, {}, { kind: 'relay', address: 'tls://h:1' }],
    [['--data-dir', 'd'], { PARALLAX_SERVER: 'h:1' }, {}, { kind: 'directory', path: 'd' }],
    [[], { PARALLAX_SERVER: 'h:1', HUBBLE_SERVER: 'r:1' }, {}, { kind: 'api', url: 'http://h:1' }],
    [[], { PARALLAX_SERVER: 'tls://h:1' }, {}, { kind: 'relay', address: 'tls://h:1' }],
    [[], { PARALLAX_DATA_DIR: 'd' }, { server: 'r:1' }, { kind: 'directory', path: 'd' }],
    [[], { HUBBLE_SERVER: 'r:1' }, { server: 'q:1' }, { kind: 'relay', address: 'r:1' }],
    [[], { HUBBLE_SERVER: '' }, { server: 'q:1' }, { kind: 'relay', address: 'q:1' }],
  ];
  test.each(cases)('%j %j %j', async (args, env, config, target) => {
    expect((await options(args, env, config)).target).toEqual(target);
  });
});

test('flags go before variables, variables before the file', async () => {
  const config = { debug: true, timeout: '1s', allowlist: ['{"uuid":["f"]}'] };
  const whitelist = async (args: string[], env: Env) =>
    (await options(args, env, config)).whitelist;
  expect((await options([], {}, config)).server.timeoutMs).toBe(1000);
  expect((await options([], { HUBBLE_TIMEOUT: '2s' }, config)).server.timeoutMs).toBe(2000);
  expect((await options(['--timeout', '3s'], {}, config)).server.timeoutMs).toBe(3000);
  expect((await options([], {}, config)).printer.debug).toBe(true);
  expect((await options([], { HUBBLE_DEBUG: '0' }, config)).printer.debug).toBe(false);
  expect((await options(['--debug=false'], { HUBBLE_DEBUG: '1' })).printer.debug).toBe(false);
  expect((await options([], { HUBBLE_DEBUG: 'perhaps' })).printer.debug).toBe(false);
  expect(await whitelist([], {})).toEqual([{ uuid: ['f'] }]);
  expect(await whitelist([], { HUBBLE_ALLOWLIST: '{"uuid":["a"]} {"uuid":["b"]}' })).toEqual([
    { uuid: ['a'] },
    { uuid: ['b'] },
  ]);
  expect(await whitelist(['--allowlist', '{"uuid": ["x y"]}'], {})).toEqual([{ uuid: ['x y'] }]);
});

test('filters, layouts and selectors have no variables', async () => {
  const env = { HUBBLE_OUTPUT: 'json', HUBBLE_LAST: '1', HUBBLE_VERDICT: 'DROPPED' };
  const read = await options([], env, { output: 'json', last: 1, verdict: 'DROPPED' });
  expect(read).toMatchObject({ number: 20n, whitelist: [], printer: { output: 'compact' } });
});

test('days and weeks are taken where Hubble is not repeated', async () => {
  const day = 86_400_000_000_000n;
  expect((await options(['--since', '1d12h'])).since).toBe(NOW - day - day / 2n);
  expect((await options(['--since', '2w', '--until', '7d'])).until).toBe(NOW - 7n * day);
});

test('an end beside --follow is passed over, and said to be', async () => {
  const read = await options(['-f', '--until', 'nonsense', '--last', '5']);
  expect(read).toMatchObject({ follow: true, until: undefined, untilIgnored: true, number: 5n });
});

test('--port-forward says what to do instead', async () => {
  const { exit, err } = await observe(['-P']);
  expect(exit).toBe(1);
  expect(err).toContain('kubectl -n kube-system port-forward service/hubble-relay 4245:80');
});

test('--print-sql shows placeholders, never values in the statement', async () => {
  const { exit, out } = await observe([
    '--print-sql',
    ...['--pod', "x'; DROP TABLE flows --", '--http-path', 'p', '--not', '--verdict', 'DROPPED'],
  ]);
  expect(exit).toBe(0);
  const [statement = '', ...rest] = out.split('\n');
  expect(statement).toMatch(/^SELECT .* FROM flows PREWHERE .* WHERE .* LIMIT \{p\d+:UInt32\}$/);
  expect(statement).not.toContain('DROP TABLE');
  expect(rest.join('\n')).toContain('"x\'; DROP TABLE flows --"');
  expect(out).toMatch(/whitelist\[0\]\.source_pod +exact: decided by SQL/);
  expect(out).toMatch(/whitelist\[1\]\.http_path +narrowed by SQL, decided by the predicate/);
  expect(out).toMatch(/blacklist\[0\]\.verdict +exact/);
});

test('help lists every flag once', async () => {
  const { exit, out } = await observe(['--verdict', 'DROPPED', '-h']);
  expect(exit).toBe(0);
  for (const flag of ['--cluster', '--tls-ca-cert-files', '--print-sql', '-P, --port-forward'])
    expect(out.split('\n').filter((line) => line.includes(`${flag} `))).toHaveLength(1);
});

test('a file is opened before filters are looked at, and what is asked is told only then', async () => {
  const call = ['--input-file', '/nonexistent/x', '-D', '--http-path', '['];
  let err = '';
  const exit = await runObserve(call, {
    env: {},
    readFile: (path, warn) => openResponses(path, process.stdin, warn),
    readConfig: async () => ({}),
    out: () => undefined,
    err: (text) => {
      err += text;
    },
    isTty: false,
    isErrTty: false,
    nowMs: () => 0,
    signal: new AbortController().signal,
    warn: () => undefined,
    query: () => {
      throw new Error('nobody should be asked');
    },
  });
  expect({ exit, err }).toEqual({
    exit: 1,
    err: 'open /nonexistent/x: no such file or directory\n',
  });
});

test('settings of the file: any case, numbers as switches, lists that are spoilt', async () => {
  const config = { debug: 1, allowlist: ['{"uuid":["a"]}', null], denylist: ['{}', { a: 1 }] };
  const read = await options([], {}, config);
  expect(read.printer.debug).toBe(true);
  expect(read.whitelist).toEqual([{ uuid: ['a'] }]);
  expect(read.blacklist).toEqual([]);
});

describe('the configuration file', () => {
  const home = mkdtempSync(join(tmpdir(), 'parallax-hubble-'));
  afterAll(() => rmSync(home, { recursive: true }));
  const put = (path: string, text: string) => {
    mkdirSync(join(home, path, '..'), { recursive: true });
    writeFileSync(join(home, path), text);
  };
  const read = (named: string | undefined, env: Env) =>
    readHubbleConfig(named, env, (message) => warnings.push(message));
  const warnings: string[] = [];

  test('the usual place, or the first that there is', async () => {
    put('.hubble/config.yaml', 'server: last:1');
    expect(await read(undefined, { HOME: home })).toEqual({});
    expect(await read(undefined, { HOME: home, XDG_CONFIG_HOME: 'relative' })).toEqual({
      server: 'last:1',
    });
    expect(await read('', { HOME: home })).toEqual({ server: 'last:1' });
    put('.config/hubble/config.yaml', 'server: config:1\ntls: true');
    expect(await read(undefined, { HOME: home })).toEqual({ server: 'config:1', tls: true });
    put('xdg/hubble/config.yaml', 'server: xdg:1');
    const env = { HOME: home, XDG_CONFIG_HOME: join(home, 'xdg') };
    expect(await read(undefined, env)).toEqual({ server: 'xdg:1' });
  });

  test('the one that is named, or none', async () => {
    put('mine.yaml', 'Debug: true');
    expect(await read(join(home, 'mine.yaml'), { HOME: home })).toEqual({ debug: true });
    const env = { HOME: home, HUBBLE_CONFIG: join(home, 'mine.yaml') };
    expect(await read(undefined, env)).toEqual({ debug: true });
    expect(await read('/nonexistent/x.yaml', { HOME: home })).toEqual({});
    expect(warnings).toEqual([]);
  });

  test('what is no YAML is said to be none', async () => {
    put('bad.yaml', 'a: [');
    expect(await read(join(home, 'bad.yaml'), {})).toEqual({});
    expect(warnings.join()).toContain('bad.yaml is left out: it is no YAML');
  });
});
