import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { loadParallaxConfig } from '../../../../src/app/config.ts';
import { addUpCommand, upSettings } from '../../../../src/cli/commands/up.ts';

/** Parses the flags without running anything. */
function flagsOf(args: readonly string[]) {
  const program = new Command('parallax').exitOverride().configureOutput({ writeErr: () => {} });
  addUpCommand(program);
  const [up] = program.commands;
  if (!up) throw new Error('no command');
  up.exitOverride().configureOutput({ writeErr: () => {} });
  up.action(() => {});
  program.parse(['node', 'parallax', 'up', ...args]);
  return up.opts();
}

function configOf(args: readonly string[]) {
  return loadParallaxConfig({ env: {}, flags: upSettings(flagsOf(args)) }).value;
}

describe('parallax up', () => {
  it('makes clusters of --relay', () => {
    const config = configOf([
      '--relay',
      'eks=10.0.0.5:4245',
      '--relay',
      'gke=tls://relay.example:443',
    ]);
    expect(config.clusters).toMatchObject([
      { name: 'eks', relay: '10.0.0.5:4245' },
      { name: 'gke', relay: 'tls://relay.example:443' },
    ]);
  });

  it('is embedded by default and goes to servers when told', () => {
    expect(configOf([])).toMatchObject({ bus: { kind: 'memory' }, store: { kind: 'chdb' } });
    const args = [
      '--kafka',
      'a:9092, b:9092',
      '--clickhouse',
      'http://ch:8123',
      '--listen',
      '127.0.0.1:0',
    ];
    expect(configOf(args)).toMatchObject({
      bus: { kind: 'kafka', kafka: { brokers: ['a:9092', 'b:9092'] } },
      store: { kind: 'clickhouse', clickhouse: { url: 'http://ch:8123' } },
      api: { listen: '127.0.0.1:0' },
    });
    expect(configOf(['--data-dir', '/d']).store.chdb.path).toBe('/d');
  });

  it('tells --demo, --no-demo and neither apart', () => {
    expect(flagsOf(['--demo']).demo).toBe(true);
    expect(flagsOf(['--no-demo']).demo).toBe(false);
    expect(flagsOf([]).demo).toBeUndefined();
  });

  it.each(['eks', '=h:1', 'eks='])('refuses --relay %s', (value) => {
    expect(() => flagsOf(['--relay', value])).toThrow(/Expected NAME=HOST:PORT/);
  });

  it('leaves wrong addresses and names to the configuration, which names the flag', () => {
    expect(() => configOf(['--relay', 'EKS=10.0.0.5'])).toThrow(
      /clusters\.0\.name.*\(--relay\)[\s\S]*clusters\.0\.relay/,
    );
  });
});
