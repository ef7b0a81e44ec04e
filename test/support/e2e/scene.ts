// What the tests of one file share: the built program, a broker if they need one, and pipelines that are gone after
// each test, or kept with their logs when it failed.
import { afterAll, afterEach, beforeAll, onTestFailed } from 'vitest';
import { type KafkaEngine, startKafka } from '../../engines/kafka.ts';
import { Pipeline, type PipelineOptions } from './pipeline.ts';
import { buildProgram, type Program } from './program.ts';
import { type Dice, dice, someSeed } from './seeded.ts';

export interface Scene {
  readonly program: Program;
  readonly kafka: KafkaEngine;
  readonly dice: Dice;
  /** A pipeline over Kafka, or `up` where `kafka` is false. */
  pipeline(
    options?: Omit<PipelineOptions, 'program' | 'kafka'> & { readonly kafka?: boolean },
  ): Promise<Pipeline>;
}

/** Call it within a `describe`; what it gives is there once the tests run. */
export function scene({ kafka: wanted }: { readonly kafka: boolean }): Scene {
  let program: Program | undefined;
  let kafka: KafkaEngine | undefined;
  const pipelines: Pipeline[] = [];
  let failed = false;
  const random = dice(someSeed());

  beforeAll(async () => {
    console.log(`seed ${random.seed}: PARALLAX_SEED=${random.seed} repeats it`);
    program = await buildProgram();
    if (wanted) kafka = await startKafka();
  });
  afterEach(async () => {
    for (const pipeline of pipelines.splice(0)) {
      if (failed) console.log(`data and logs: ${pipeline.directory}\n${pipeline.tails()}`);
      await pipeline.remove({ keep: failed });
    }
    failed = false;
  });
  afterAll(async () => {
    await kafka?.stop();
    await program?.remove();
  });

  return {
    get program() {
      return there(program);
    },
    get kafka() {
      return there(kafka);
    },
    dice: random,
    async pipeline({ kafka: through = wanted, ...options } = {}) {
      onTestFailed(() => {
        failed = true;
      });
      const pipeline = await Pipeline.create({
        ...options,
        program: there(program),
        ...(through && { kafka: there(kafka) }),
      });
      pipelines.push(pipeline);
      return pipeline;
    },
  };
}

function there<T>(part: T | undefined): T {
  if (part === undefined) throw new Error('asked for before the tests of the scene run');
  return part;
}
