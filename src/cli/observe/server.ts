// Whom to ask, and how to reach them: Hubble's flags for servers, checked as Hubble checks them, and the choice between
// a relay, a Parallax server and a data directory.

import { goDuration, parseDuration } from '../../hubble/filter/since.ts';
import { inputError } from '../../runtime/errors.ts';
import { nsToMs, SECOND_NS } from '../../runtime/time.ts';
import type { Flag } from './args.ts';
import { type FlagValues, flagKinds } from './flag-values.ts';
import type { Env, Settings } from './settings.ts';

/** Where an answer comes from. */
export type Target =
  /** Parallax's own API. */
  | { readonly kind: 'api'; readonly url: string }
  /** A Hubble Relay, or an agent: HOST:PORT or tls://HOST:PORT. */
  | { readonly kind: 'relay'; readonly address: string }
  | { readonly kind: 'directory'; readonly path: string };

/** How a server is reached, whichever kind it is. */
export interface ServerSettings {
  readonly tls: boolean;
  readonly tlsAllowInsecure: boolean;
  readonly tlsCaCertFiles: readonly string[];
  readonly tlsClientCertFile: string;
  readonly tlsClientKeyFile: string;
  readonly tlsServerName: string;
  readonly basicAuthUsername: string;
  readonly basicAuthPassword: string;
  readonly portForward: boolean;
  /** Milliseconds for the connection to be there. */
  readonly timeoutMs: number;
}

const DEFAULT_DIRECTORY = 'parallax-data';
/** Nanoseconds. */
const DEFAULT_TIMEOUT = 5n * SECOND_NS;
const TLS_SCHEME = 'tls://';

export function serverFlags(values: FlagValues): Flag[] {
  const { text, toggle, number, commaList } = flagKinds(values);
  const duration = (name: string, help: string) =>
    text({ name, help, value: 'duration' }, (value) => void goDuration(value));
  return [
    text({
      name: 'server',
      help: 'http://HOST:PORT of Parallax (PARALLAX_SERVER), or a relay: HOST:PORT, tls://HOST:PORT (HUBBLE_SERVER)',
    }),
    duration('timeout', 'How long connecting to a relay may take (5s)'),
    duration('request-timeout', 'Accepted for compatibility: for calls that observe does not make'),
    toggle({ name: 'tls', help: 'Speak TLS to the relay' }),
    toggle({ name: 'tls-allow-insecure', help: 'Take any certificate of the server' }),
    commaList({
      name: 'tls-ca-cert-files',
      value: 'files',
      help: 'PEM files of the authorities that may sign the server, joined by commas',
    }),
    text({ name: 'tls-client-cert-file', help: 'PEM file of the client certificate (mTLS)' }),
    text({ name: 'tls-client-key-file', help: 'PEM file of its key' }),
    text({ name: 'tls-server-name', help: 'Name expected in the certificate of the server' }),
    text({
      name: 'token-file',
      help: 'File with the token to show a Parallax server (PARALLAX_TOKEN_FILE, or the token in PARALLAX_TOKEN)',
    }),
    text({ name: 'basic-auth-username', help: 'Name sent to the server, over TLS only' }),
    text({ name: 'basic-auth-password', help: 'Password sent to the server' }),
    { ...toggle({ name: 'port-forward', help: 'Not supported: refused' }), short: 'P' },
    number({ name: 'port-forward-port', help: 'Accepted for compatibility' }, 16),
    text({ name: 'kube-context', help: 'Accepted for compatibility' }),
    text({ name: 'kube-namespace', help: 'Accepted for compatibility' }),
    text({ name: 'kubeconfig', help: 'Accepted for compatibility' }),
    text({ name: 'config', help: 'Configuration file of Hubble; HUBBLE_CONFIG' }),
  ];
}

/** Reads and checks the settings. Throws `input/invalid`. */
export function readServerSettings(settings: Settings, target: Target): ServerSettings {
  const read: ServerSettings = {
    tls:
      settings.switch('tls') ||
      (target.kind === 'relay' && target.address.startsWith(TLS_SCHEME)) ||
      (target.kind === 'api' && target.url.startsWith('https:')),
    tlsAllowInsecure: settings.switch('tls-allow-insecure'),
    tlsCaCertFiles: settings.list('tls-ca-cert-files'),
    tlsClientCertFile: settings.text('tls-client-cert-file'),
    tlsClientKeyFile: settings.text('tls-client-key-file'),
    tlsServerName: settings.text('tls-server-name'),
    basicAuthUsername: settings.text('basic-auth-username'),
    basicAuthPassword: settings.text('basic-auth-password'),
    portForward: settings.switch('port-forward'),
    timeoutMs: millisecondsOf(settings.text('timeout')),
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

/** A variable or file may say what is no duration: it counts for nothing, as in Hubble. */
function millisecondsOf(duration: string): number {
  return nsToMs(parseDuration(duration, 'hubble') ?? DEFAULT_TIMEOUT);
}

/**
 * Who is asked: what the flags name, else what Parallax's own variables name, else what Hubble's variable or file
 * name, else the data directory of the working directory.
 */
export function targetOf(values: FlagValues, env: Env, settings: Settings): Target {
  const { server, 'data-dir': directory } = values.text;
  if (server) return serverTarget(server);
  if (directory) return { kind: 'directory', path: directory };
  if (env.PARALLAX_SERVER) {
    const url = env.PARALLAX_SERVER;
    return url.startsWith(TLS_SCHEME) || hasHttp(url)
      ? serverTarget(url)
      : { kind: 'api', url: `http://${url}` };
  }
  if (env.PARALLAX_DATA_DIR) return { kind: 'directory', path: env.PARALLAX_DATA_DIR };
  const hubble = settings.text('server');
  return hubble === '' ? { kind: 'directory', path: DEFAULT_DIRECTORY } : serverTarget(hubble);
}

/** Where a command asks that has no flags of Hubble's. */
export interface PlaceFlags {
  readonly server?: string | undefined;
  readonly dataDir?: string | undefined;
  readonly tokenFile?: string | undefined;
}

/** The same for what only Parallax answers: a bare HOST:PORT is its API. */
export function apiTarget({ server, dataDir }: PlaceFlags, env: Env): Target {
  const url = server || (dataDir ? '' : (env.PARALLAX_SERVER ?? ''));
  if (url !== '') return { kind: 'api', url: hasHttp(url) ? url : `http://${url}` };
  return { kind: 'directory', path: dataDir || env.PARALLAX_DATA_DIR || DEFAULT_DIRECTORY };
}

function serverTarget(server: string): Target {
  return hasHttp(server) ? { kind: 'api', url: server } : { kind: 'relay', address: server };
}

function hasHttp(url: string): boolean {
  return /^https?:\/\//.test(url);
}
