// The questions the bench asks, as the flags of `parallax observe` say them.
import { NEEDLE } from './load.ts';

export interface Kind {
  readonly name: string;
  readonly args: readonly string[];
  /** `rare`: next to nothing matches; `lookup`: one thing anywhere in the 24 hours; `list`: many answers. */
  readonly class: 'common' | 'rare' | 'lookup' | 'list';
}

/** What stands in the store, found after loading. */
export interface Known {
  readonly uuid: string;
  readonly pod: string;
  readonly ip: string;
  readonly identity: string;
  readonly node: string;
  readonly world: string;
}

const LAST = ['--last', '100'];

export function kinds(known: Known): readonly Kind[] {
  const common = (name: string, ...args: string[]): Kind => ({
    name,
    args: [...LAST, ...args],
    class: 'common',
  });
  const rare = (name: string, ...args: string[]): Kind => ({
    name,
    args: [...LAST, ...args],
    class: 'rare',
  });
  return [
    common('no filter'),
    common('verdict', '--verdict', 'DROPPED'),
    common('pod', '--pod', known.pod),
    common('namespace', '--namespace', 'shop-2'),
    common('label', '--label', 'app=ledger'),
    common('port', '--port', '5432'),
    common('protocol', '--protocol', 'icmp'),
    common('identity', '--identity', known.identity),
    common('node-name', '--node-name', known.node),
    common('cluster', '--cluster', 'load-2'),
    common('drop-reason-desc', '--drop-reason-desc', 'POLICY_DENIED'),
    common('http-status', '--protocol', 'http', '--http-status', '5+'),
    common('http-path', '--protocol', 'http', '--http-path', '/v1/orders/.*'),
    common('fqdn', '--fqdn', '*.googleapis.com'),
    common('ip', '--ip', known.ip),
    common('cidr', '--ip', '10.2.1.0/24'),
    common('tcp-flags', '--tcp-flags', 'SYN,ACK'),
    common('workload', '--workload', 'gateway'),
    common('type', '--type', 'l7'),
    common('not', '--not', '--namespace', 'shop-2'),
    { name: 'first 100 of a pod', args: ['--first', '100', '--pod', known.pod], class: 'common' },
    {
      name: 'since 10m, dropped',
      args: ['--since', '10m', '--last', '10000', '--verdict', 'DROPPED'],
      class: 'list',
    },
    rare('a rare pod', '--pod', `${NEEDLE.namespace}/${NEEDLE.pod}`),
    rare('a rare namespace', '--namespace', NEEDLE.namespace),
    rare('a rare label', '--label', 'app=needle'),
    rare('a rare workload', '--workload', NEEDLE.workload),
    rare('a rare fqdn', '--fqdn', 'needle.example.*'),
    rare('a rare identity', '--identity', String(NEEDLE.identity)),
    rare('a rare port', '--port', String(NEEDLE.port)),
    rare('a rare http-path', '--protocol', 'http', '--http-path', NEEDLE.path),
    rare('a rare http-status', '--protocol', 'http', '--http-status', '418'),
    rare('a rare tcp-flag', '--tcp-flags', 'URG'),
    rare('a rare drop reason', '--drop-reason-desc', 'AUTH_REQUIRED'),
    rare('a pod that is not', '--pod', 'nowhere/nothing'),
    rare('a label that is not', '--label', 'app=nothing,tier!=web'),
    rare('a cidr that is not', '--ip', '172.31.0.0/16'),
    { name: 'a uuid', args: [...LAST, '--uuid', known.uuid], class: 'lookup' },
    {
      name: 'a uuid that is not',
      args: [...LAST, '--uuid', '01234567-89ab-4cde-8f01-23456789abcd'],
      class: 'lookup',
    },
    { name: 'an address', args: [...LAST, '--ip', NEEDLE.ip], class: 'lookup' },
    { name: 'an outside address', args: [...LAST, '--ip', known.world], class: 'lookup' },
  ];
}
