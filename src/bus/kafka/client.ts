// The client of Kafka made from our settings: authentication, encryption, retries and logging in one place.

import { readFileSync } from 'node:fs';
import net, { isIP } from 'node:net';
import tls, { type ConnectionOptions } from 'node:tls';
import kafkajs, {
  type ISocketFactory,
  type Kafka,
  type KafkaConfig,
  type logCreator,
  type RetryOptions,
  type SASLOptions,
} from 'kafkajs';
import type { Logger } from 'pino';
import { ParallaxError } from '../../runtime/errors.ts';
import { MINUTE_MS } from '../../runtime/time.ts';
import type { KafkaBusConfig } from '../config.ts';
import { registerCodecs } from './codecs.ts';

const { logLevel } = kafkajs;

/**
 * How kafkajs tries a call again. All of it is said, since its defaults differ when NODE_ENV is `test`. With the
 * settings' defaults: 0.1, 0.2, 0.4, 0.8, 1.6 s, then every 2 s, 23 s in all.
 */
export function retryOptions(config: KafkaBusConfig): RetryOptions {
  return {
    initialRetryTime: config.retryInitial,
    maxRetryTime: config.retryMax,
    retries: config.retries,
    multiplier: 2,
    factor: 0.2,
  };
}

export function createKafkaClient(config: KafkaBusConfig, logger: Logger): Kafka {
  registerCodecs();
  return new kafkajs.Kafka(clientOptions(config, logger));
}

/** Reads the files named by the settings; throws `config/invalid` naming one that cannot be read. */
export function clientOptions(config: KafkaBusConfig, logger: Logger): KafkaConfig {
  return {
    brokers: config.brokers,
    clientId: config.clientId,
    connectionTimeout: config.connectionTimeout,
    authenticationTimeout: config.requestTimeout,
    requestTimeout: config.requestTimeout,
    // Rule "set `retry` on new Kafka()": an idempotent producer's own infinite retry gave up after 13 s without a
    // broker, since what it waits for (connecting, metadata) takes its limits from here.
    retry: retryOptions(config),
    ssl: config.tls.enabled ? tlsOptions(config.tls) : false,
    ...(config.sasl && { sasl: saslOptions(config.sasl) }),
    socketFactory: openSocket,
    // kafkajs reports every failed try as an error; changes of state are logged by Link, the rest is for debugging.
    logLevel: logger.isLevelEnabled('debug') ? logLevel.INFO : logLevel.NOTHING,
    logCreator: pinoLogs(logger),
  };
}

/** In place of kafkajs's own, which leaves Nagle's algorithm on: a send's last packet then waits for an answer. */
const openSocket: ISocketFactory = ({ host, port, ssl, onConnect }) => {
  const named = isIP(host) === 0 ? { servername: host } : {};
  const socket = ssl
    ? tls.connect({ host, port, ...named, ...ssl }, onConnect)
    : net.connect({ host, port }, onConnect);
  socket.setNoDelay(true);
  socket.setKeepAlive(true, MINUTE_MS);
  // kafkajs disconnects a socket that is still connecting again and again, with a listener each time.
  socket.setMaxListeners(0);
  return socket;
};

function tlsOptions(tls: KafkaBusConfig['tls']): ConnectionOptions {
  return {
    ...(tls.caFile && { ca: read('tls.caFile', tls.caFile) }),
    ...(tls.certFile && { cert: read('tls.certFile', tls.certFile) }),
    ...(tls.keyFile && { key: read('tls.keyFile', tls.keyFile) }),
    ...(tls.serverName && { servername: tls.serverName }),
  };
}

function saslOptions(sasl: NonNullable<KafkaBusConfig['sasl']>): SASLOptions {
  const { mechanism, username, passwordFile } = sasl;
  const password =
    passwordFile === undefined
      ? (sasl.password ?? '')
      : read('sasl.passwordFile', passwordFile).replace(/\r?\n$/, '');
  return { mechanism, username, password };
}

function read(setting: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new ParallaxError(
      'config/invalid',
      `bus.kafka.${setting} names '${path}', which cannot be read: ${String(cause)}`,
      { cause },
    );
  }
}

function pinoLogs(logger: Logger): logCreator {
  return () =>
    ({ namespace, log }) => {
      const { message, timestamp: _, logger: __, stack: ___, ...fields } = log;
      logger.debug({ kafkajs: namespace, ...fields }, message);
    };
}
