// Simulated relays as a child process, with a ledger file of what they sent.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { Child } from './child.ts';
import type { Program } from './program.ts';

const LEDGER_RECORD = 17;

export interface SimulatorOptions {
  readonly program: Program;
  readonly directory: string;
  /** Distinguishes the simulators of one test; part of file names. */
  readonly name: string;
  readonly seed: number;
  /** Flows a second of each relay, and how many each makes in all. */
  readonly rate: number;
  readonly count: number;
  readonly clusters?: number;
  /** Events of a node's ring (three nodes a relay); by default nothing is ever overwritten. */
  readonly ring?: number;
  /** Addresses of the relays; any free port by default. */
  readonly listen?: readonly string[];
  readonly faults?: readonly string[];
  /** Flows are made from the start on, whether or not anybody reads them. */
  readonly unread?: boolean;
}

export class Simulator {
  readonly ledger: string;
  readonly child: Child;
  private readonly total: number;

  constructor(options: SimulatorOptions) {
    const { program, directory, name, seed, rate, count, clusters = 1, faults = [] } = options;
    this.ledger = join(directory, `${name}.ledger`);
    this.total = count * clusters;
    const numbers = { clusters, rate, count, seed, ring: options.ring ?? count };
    this.child = new Child({
      name,
      directory,
      args: [
        ...[program.script, 'simulate', '--scenario', 'load'],
        ...(options.unread ? [] : ['--wait-for-client']),
        ...Object.entries(numbers).flatMap(([flag, value]) => [`--${flag}`, String(value)]),
        ...['--ledger', this.ledger],
        ...(options.listen ?? ['127.0.0.1:0']).flatMap((address) => ['--listen', address]),
        ...faults.flatMap((fault) => ['--fault', fault]),
      ],
    });
  }

  /** Resolves with the relays' addresses, in the order of the clusters. */
  async started(): Promise<string[]> {
    await this.child.logged('running');
    return this.child.output
      .trim()
      .split('\n')
      .map((line) => line.slice(line.indexOf('=') + 1));
  }

  /** Flows in the ledger so far, those marked as overwritten counted again. */
  get noted(): number {
    try {
      return Math.floor(statSync(this.ledger).size / LEDGER_RECORD);
    } catch {
      return 0;
    }
  }

  /** Until the relays have made `share` (0 to 1) of all flows. */
  async made(share: number, withinMs: number): Promise<void> {
    const wanted = Math.ceil(this.total * share);
    await this.child.until(`${wanted} flows made`, withinMs, () => this.noted >= wanted);
  }
}
