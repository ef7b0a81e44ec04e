// The flags that say where flows go: embedded by default, or to servers.
import type { Command } from 'commander';
import type { Setting } from '../config/sources.ts';
import { settingsOf } from './options.ts';

export interface TargetFlags {
  readonly kafka?: string;
  readonly clickhouse?: string;
  readonly dataDir?: string;
}

/** Adds `--kafka`, `--clickhouse` and `--data-dir`. */
export function addTargetFlags(command: Command): Command {
  return command
    .option(
      '--kafka <brokers>',
      'publish to Kafka at these brokers, HOST:PORT,… (bus.kafka.brokers)',
    )
    .option('--clickhouse <url>', 'store in this ClickHouse server (store.clickhouse.url)')
    .option('--data-dir <dir>', 'directory of the embedded engine (store.chdb.path)');
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
