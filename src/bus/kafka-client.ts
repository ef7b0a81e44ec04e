// The client of Kafka made from our settings: authentication, encryption, retries and logging in one place.
import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import kafkajs, { type Kafka, type KafkaConfig, type logCreator, type SASLOptions } from 'kafkajs';
import type { Logger } from 'pino';
import { ParallaxError } from '../runtime/errors.ts';
import type { KafkaBusConfig } from './config.ts';
import { registerCodecs } from './kafka-codecs.ts';

const { logLevel } = kafkajs;

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
    retry: {
      initialRetryTime: config.retryInitial,
      maxRetryTime: config.retryMax,
      retries: config.retries,
    },
    ssl: config.tls.enabled ? tlsOptions(config.tls) : false,
    ...(config.sasl && { sasl: saslOptions(config.sasl) }),
    // kafkajs reports every failed try as an error; changes of state are logged by Link, the rest is for debugging.
    logLevel: logger.isLevelEnabled('debug') ? logLevel.INFO : logLevel.NOTHING,
    logCreator: pinoLogs(logger),
  };
}

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
