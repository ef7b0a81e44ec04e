import type { Command } from 'commander';
import type { Setting } from '../config/sources.ts';
import { settingsOf } from './options.ts';

export interface TargetFlags {
  readonly kafka?: string;
  readonly clickhouse?: string;
  readonly dataDir?: string;
}

const FLAGS = {
  kafka: [
    '--kafka <brokers>',
    'publish to Kafka at these brokers, HOST:PORT,… (bus.kafka.brokers)',
  ],
  clickhouse: ['--clickhouse <url>', 'use this ClickHouse server (store.clickhouse.url)'],
  dataDir: ['--data-dir <dir>', 'directory of the embedded engine (store.chdb.path)'],
} as const satisfies Record<keyof TargetFlags, readonly [string, string]>;

/** Adds `--kafka`, `--clickhouse` and `--data-dir`, or those of them that are named. */
export function addTargetFlags(
  command: Command,
  names: readonly (keyof TargetFlags)[] = ['kafka', 'clickhouse', 'dataDir'],
): Command {
  for (const name of names) {
    const [flag, description] = FLAGS[name];
    command.option(flag, description);
  }
  return command;
}

export function targetSettings(flags: TargetFlags): Setting[] {
  const brokers = flags.kafka?.split(',').map((broker) => broker.trim());
  return settingsOf([
    [flags.kafka && 'kafka', ['bus', 'kind'], '--kafka'],
    [brokers, ['bus', 'kafka', 'brokers'], '--kafka'],
    [flags.clickhouse && 'clickhouse', ['store', 'kind'], '--clickhouse'],
    [flags.clickhouse, ['store', 'clickhouse', 'url'], '--clickhouse'],
    [flags.dataDir, ['store', 'chdb', 'path'], '--data-dir'],
  ]);
}
