// One round of killing: relays send a load, something is killed at random moments meanwhile, everything is started
// again, and the store is held against the ledgers.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pipeline } from './pipeline.ts';
import type { Dice } from './seeded.ts';
import { complaint, type Verification } from './verify.ts';

export const TARGETS = ['collector', 'writer', 'broker', 'both'] as const;
/** `both` is collector and writer in the same moment; `up` the one process that is all of them. */
export type Target = (typeof TARGETS)[number] | 'up';

export interface RoundOptions {
  readonly target: Target;
  readonly dice: Dice;
  /** How many times something is killed while the load comes. */
  readonly times: number;
  /** Flows a second of each of the two relays, and for how long. */
  readonly rate: number;
  readonly seconds: number;
}

export interface Round {
  /** Each process that was killed, and how many milliseconds into the load. */
  readonly kills: readonly string[];
  readonly found: Verification;
  /** What is wrong; empty when the promise held. */
  readonly wrong: string;
  readonly ms: number;
}

/** Between a start and the next kill. */
const LONGEST_CALM_MS = 1_700;
/** No promise is about time: a busy machine may take long for everything. */
const SLACK_MS = 150_000;

export async function killRound(pipeline: Pipeline, options: RoundOptions): Promise<Round> {
  const { target, dice, times, rate, seconds } = options;
  const beganAt = Date.now();
  await pipeline.start();
  const seed = Math.floor(dice.between(1, 1e9));
  const relays = await pipeline.load({ seed, rate, count: rate * seconds });
  await relays.made(0.02, SLACK_MS);
  const loadAt = Date.now();
  const kills: string[] = [];
  const strike = async (state: string) => {
    const at = Date.now() - loadAt;
    for (const name of await kill(pipeline, target)) kills.push(`${name}@${at}${state}`);
  };
  let left = times;
  while (left > 0) {
    await sleep(dice.between(50, LONGEST_CALM_MS));
    await strike('');
    left--;
    while (left > 0 && target !== 'broker' && dice.chance(0.4)) {
      // Killed again while it starts: in its migration, its first request, its group's rebalance.
      if (dice.chance(0.3)) await sleep(dice.between(0, 500));
      launch(pipeline, target);
      await sleep(dice.between(30, 1_500));
      await strike(' starting');
      left--;
    }
    if (dice.chance(0.3)) await sleep(dice.between(0, 800));
    await revive(pipeline, target);
  }
  await relays.made(1, seconds * 1000 + SLACK_MS);
  const found = await pipeline.verify(SLACK_MS);
  return { kills, found, wrong: complaint(found), ms: Date.now() - beganAt };
}

function rolesOf({ collector, writers }: Pipeline, target: Target) {
  switch (target) {
    case 'broker':
      return [];
    case 'writer':
      return writers;
    case 'both':
      return [...writers, collector];
    case 'collector':
    case 'up':
      return [collector];
    default:
      return target satisfies never;
  }
}

/** Kills what runs of the target and says what that was. */
async function kill(pipeline: Pipeline, target: Target): Promise<string[]> {
  if (target === 'broker') {
    await pipeline.kafka?.kill();
    return ['broker'];
  }
  const running = rolesOf(pipeline, target).filter((role) => role.running);
  await Promise.all(running.map((role) => role.kill()));
  return running.map(({ name }) => name);
}

function launch(pipeline: Pipeline, target: Target): void {
  for (const role of rolesOf(pipeline, target)) role.launch();
}

async function revive(pipeline: Pipeline, target: Target): Promise<void> {
  if (target === 'broker') await pipeline.kafka?.restart();
  await pipeline.start();
}
