// Denials of which each is a new incident, as JSON lines for a simulated relay to play: every one of a workload of its
// own, told as nodes tell it, by a policy verdict and a drop event.
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { Child } from './child.ts';
import type { Program } from './program.ts';

/** Flows that tell of one denial. */
const TOLD = 2;

export interface DenialsOptions {
  readonly program: Program;
  readonly directory: string;
  /** Denials in all, and a second. */
  readonly count: number;
  readonly rate: number;
}

/** A relay that plays them, once somebody reads it, with the present as their time. */
export function denialsRelay({ program, directory, count, rate }: DenialsOptions): Child {
  const file = `${directory}/denials.jsonl`;
  const lines = Array.from({ length: count }, (_, index) => denial(index)).flat();
  writeFileSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  return new Child({
    name: 'denials',
    directory,
    args: [
      ...[program.script, 'simulate', '--scenario', 'jsonl', '--file', file, '--times', 'rate'],
      ...['--rate', String(rate * TOLD), '--ring', String(count * TOLD), '--wait-for-client'],
    ],
  });
}

/** Its address, once it runs. */
export async function addressOf(relay: Child): Promise<string> {
  await relay.logged('running');
  const line = relay.output.trim().split('\n')[0] ?? '';
  return line.slice(line.indexOf('=') + 1);
}

/** Who is denied: a name for each. */
export function callerOf(index: number): string {
  return `xwing-${index}`;
}

function denial(index: number): object[] {
  const flow = {
    verdict: 'DROPPED',
    drop_reason: 133,
    drop_reason_desc: 'POLICY_DENIED',
    ethernet: {},
    IP: { source: '10.8.0.7', destination: '10.8.1.9', ipVersion: 'IPv4' },
    l4: { TCP: { source_port: 30_000 + index, destination_port: 80, flags: { SYN: true } } },
    source: end(callerOf(index)),
    destination: end('rebel-base'),
    Type: 'L3_L4',
    node_name: 'alliance/node-1',
    traffic_direction: 'INGRESS',
  };
  return [5, 1].map((type) => ({
    flow: {
      ...flow,
      uuid: randomUUID(),
      event_type: type === 5 ? { type } : { type, sub_type: 133 },
    },
    node_name: flow.node_name,
  }));
}

function end(name: string): object {
  return {
    ID: 7,
    identity: 70_000,
    cluster_name: 'alliance',
    namespace: 'farfaraway',
    labels: [`k8s:app=${name}`],
    pod_name: `${name}-0`,
    workloads: [{ name, kind: 'Deployment' }],
  };
}
