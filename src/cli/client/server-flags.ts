// The flags that name a server and say how to reach it: the same on every command that asks one.

import type { Command } from 'commander';
import { goDuration, parseDuration } from '../../hubble/filter/since.ts';
import { inputError } from '../../runtime/errors.ts';
import { nsToMs, SECOND_NS } from '../../runtime/time.ts';
import type { Flag } from '../observe/args.ts';
import { FlagValues, flagKinds } from '../observe/flag-values.ts';
import { type Env, type HubbleConfig, Settings } from '../observe/settings.ts';
import { type Access, type ServerSettings, tlsOptions } from './access.ts';
import { type Asks, resolved, type Target, targetOf } from './target.ts';
import { tokenOf } from './token.ts';

/** Where a command asks, and how. */
export interface Place extends Access {
  readonly target: Target;
  readonly server: ServerSettings;
}

export interface PlaceSources {
  readonly env: Env;
  /** Reads Hubble's configuration file, the one named or the usual one. */
  readonly readConfig: (named: string | undefined) => Promise<HubbleConfig>;
  /** Called before anything is refused once messages for debugging are wanted. */
  readonly debugging?: () => void;
}

/** Nanoseconds. */
const DEFAULT_TIMEOUT = 5n * SECOND_NS;
const DEFAULT_REQUEST_TIMEOUT = 12n * SECOND_NS;

export function serverFlags(values: FlagValues): Flag[] {
  const { text, toggle, commaList } = flagKinds(values);
  const duration = (name: string, help: string) =>
    text({ name, help, value: 'duration' }, (value) => void goDuration(value));
  return [
    text({
      name: 'server',
      value: 'address',
      help: 'Server: http:// or https://HOST:PORT of the HTTP API, grpc:// or tls://HOST:PORT of a relay; PARALLAX_SERVER',
    }),
    duration('timeout', 'Time limit for connecting (5s)'),
    duration('request-timeout', 'Time limit for a response to status, list or watch (12s)'),
    toggle({ name: 'tls', help: 'Use TLS' }),
    toggle({ name: 'tls-allow-insecure', help: 'Do not verify the server certificate' }),
    commaList({
      name: 'tls-ca-cert-files',
      value: 'files',
      help: 'PEM files of the CAs that may sign the server certificate, separated by commas',
    }),
    text({
      name: 'tls-client-cert-file',
      value: 'file',
      help: 'PEM file of the client certificate (mTLS)',
    }),
    text({ name: 'tls-client-key-file', value: 'file', help: 'PEM file of the client key' }),
    text({
      name: 'tls-server-name',
      value: 'name',
      help: 'Name expected in the server certificate',
    }),
    text({
      name: 'token-file',
      value: 'file',
      help: 'File with the token for a Parallax server (PARALLAX_TOKEN_FILE, or the token in PARALLAX_TOKEN)',
    }),
    text({
      name: 'basic-auth-username',
      value: 'name',
      help: 'User name for basic authentication, over TLS only',
    }),
    text({
      name: 'basic-auth-password',
      value: 'password',
      help: 'Password for basic authentication',
    }),
  ];
}

/** Flags that the hubble command has and this one accepts without effect, or refuses. */
export function hubbleFlags(values: FlagValues): Flag[] {
  const { text, toggle, number } = flagKinds(values);
  return [
    { ...toggle({ name: 'port-forward', help: 'Not supported: refused' }), short: 'P' },
    number({ name: 'port-forward-port', help: 'Accepted for compatibility' }, 16),
    text({ name: 'kube-context', value: 'name', help: 'Accepted for compatibility' }),
    text({ name: 'kube-namespace', value: 'namespace', help: 'Accepted for compatibility' }),
    text({ name: 'kubeconfig', value: 'file', help: 'Accepted for compatibility' }),
    text({ name: 'config', value: 'file', help: 'Configuration file of Hubble; HUBBLE_CONFIG' }),
  ];
}

/** The same flags as Commander reads them, by camel-case name. */
export type ServerFlags = Readonly<Record<string, unknown>>;

/** Adds the flags that name a server; `dataDir` is false where a command has a flag --data-dir of its own. */
export function addServerFlags(command: Command, { dataDir = true } = {}): Command {
  for (const { name, bare, value, help } of commanderFlags(new FlagValues(), dataDir))
    command.option(`--${name}${bare === undefined ? ` <${value ?? 'text'}>` : ''}`, help);
  return command;
}

function commanderFlags(values: FlagValues, dataDir: boolean): Flag[] {
  const directory = flagKinds(values).text({
    name: 'data-dir',
    value: 'dir',
    help: 'Data directory to read; PARALLAX_DATA_DIR',
  });
  return [...serverFlags(values), ...(dataDir ? [directory] : [])];
}

/** Where a command asks whose flags Commander read. Throws `input/invalid`. */
export async function placeOf(flags: ServerFlags, env: Env, asks: Asks): Promise<Place> {
  const values = new FlagValues();
  for (const flag of commanderFlags(values, true)) {
    const given = flags[flag.name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())];
    if (given === undefined) continue;
    try {
      flag.set(String(given));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw inputError(`invalid --${flag.name} ${JSON.stringify(given)}: ${why}; see --help`);
    }
  }
  return (await placeOfValues(values, { env, readConfig: async () => ({}) }, asks)).place;
}

/** The place that flags, environment and Hubble's configuration file name together. Throws `input/invalid`. */
export async function placeOfValues(
  values: FlagValues,
  { env, readConfig, debugging }: PlaceSources,
  asks: Asks,
): Promise<{ readonly settings: Settings; readonly place: Place }> {
  const settings = new Settings(values, env, await readConfig(values.text.config));
  if (settings.switch('debug')) debugging?.();
  const named = targetOf(values.text, env, settings.text('server'), asks);
  const server = readServerSettings(settings, named);
  const tls = server.tls ? await tlsOptions(server) : undefined;
  const target = await resolved(named, asks, server.tls);
  // The token of the environment is for Parallax: a relay gets one only when a file is named.
  const token = tokenOf(values.text['token-file'], target.kind === 'relay' ? {} : env);
  return { settings, place: { target, server, tls, token } };
}

/** Reads and checks the settings, as Hubble checks them. Throws `input/invalid`. */
function readServerSettings(settings: Settings, target: Target): ServerSettings {
  const timeout = settings.text('timeout');
  const read: ServerSettings = {
    tls:
      settings.switch('tls') ||
      (target.kind === 'relay' && target.address.startsWith('tls://')) ||
      (target.kind === 'api' && target.url.startsWith('https:')),
    tlsAllowInsecure: settings.switch('tls-allow-insecure'),
    tlsCaCertFiles: settings.list('tls-ca-cert-files'),
    tlsClientCertFile: settings.text('tls-client-cert-file'),
    tlsClientKeyFile: settings.text('tls-client-key-file'),
    tlsServerName: settings.text('tls-server-name'),
    basicAuthUsername: settings.text('basic-auth-username'),
    basicAuthPassword: settings.text('basic-auth-password'),
    portForward: settings.switch('port-forward'),
    timeoutMs: millisecondsOf(timeout, DEFAULT_TIMEOUT),
    requestTimeoutMs: millisecondsOf(
      settings.text('request-timeout') || timeout,
      DEFAULT_REQUEST_TIMEOUT,
    ),
  };
  const refuse = (why: string) => inputError(`invalid flag(s): ${why}`);
  const { tlsClientCertFile: cert, tlsClientKeyFile: key } = read;
  if ((read.basicAuthUsername === '') !== (read.basicAuthPassword === ''))
    throw refuse('must specify both basic-auth-username and basic-auth-password');
  if ((cert === '') !== (key === ''))
    throw refuse('certificate and private key are both required, but only one was provided');
  if (cert !== '' && !read.tls) throw refuse('transport layer security required');
  return read;
}

/** A variable or file may hold what is no duration: the default applies, as in Hubble. */
function millisecondsOf(duration: string, standard: bigint): number {
  return nsToMs(parseDuration(duration, 'hubble') ?? standard);
}
