// Flows of the simulator's load as the project's own projection makes rows of them: what the bench multiplies.

import { createProjector } from '../../../src/enrich/project/projector.ts';
import { decodeFlowBatch, FlowBatchBuilder } from '../../../src/hubble/proto/batch.ts';
import { SECOND_NS } from '../../../src/runtime/time.ts';
import { loadCluster, makeScripts } from '../../../src/simulate/population.ts';
import { type Random, seededRandom } from '../../../src/simulate/random.ts';
import {
  FIRST_PORT,
  type FlowTemplate,
  formOf,
  PORTS,
  writeFlow,
} from '../../../src/simulate/template.ts';
import type { NativeBlock } from '../../../src/store/store.ts';

export const CLUSTERS = 3;
const NODES = 6;
const BATCH = 20_000;
const SECONDS = 1_767_000_000;
const NANOS = 2 ** 28;
/** Of gRPC, before each message. */
const FRAME = 5;

/** Blocks of `rows` flows in all, the clusters in turn. */
export function* seedBlocks(rows: number): Generator<NativeBlock> {
  const projector = createProjector();
  const clusters = Array.from({ length: CLUSTERS }, (_, index) => new Source(index));
  const batch = Math.min(BATCH, Math.ceil(rows / CLUSTERS));
  for (let made = 0, turn = 0; made < rows; turn++) {
    const count = Math.min(batch, rows - made);
    const { flows } = projector.project(
      decodeFlowBatch((clusters[turn % CLUSTERS] as Source).batch(count)),
    );
    if (flows?.rows !== count) throw new Error(`${count} flows made ${flows?.rows ?? 0} rows`);
    made += count;
    yield flows;
  }
}

/** One cluster's flows: what its nodes see of its conversations, one after the other. */
class Source {
  private readonly cluster: ReturnType<typeof loadCluster>;
  private readonly random: Random;
  private readonly scripts: readonly (readonly FlowTemplate[])[];
  private readonly scratch = Buffer.alloc(1 << 16);
  private script: readonly FlowTemplate[] = [];
  private port = FIRST_PORT;
  private step = 0;

  constructor(index: number) {
    this.cluster = loadCluster(index, NODES);
    this.random = seededRandom(1, `query bench ${index}`);
    this.scripts = makeScripts(this.cluster, this.random).flat();
  }

  batch(count: number): Buffer {
    const builder = new FlowBatchBuilder(count * 1100);
    const words = new Uint32Array(4);
    for (let i = 0; i < count; i++) {
      const form = formOf(this.next(), NANOS);
      for (let word = 0; word < 4; word++) words[word] = this.random.bits();
      writeFlow(form, this.scratch, 0, SECONDS, NANOS, this.port, words);
      builder.add(this.scratch.subarray(FRAME, form.bytes.length));
    }
    const { name } = this.cluster;
    return builder.seal({
      cluster: name,
      relay: name,
      collector: 'bench',
      sequence: 0,
      receivedAt: BigInt(SECONDS) * SECOND_NS,
      replay: false,
    });
  }

  private next(): FlowTemplate {
    if (this.step === this.script.length) {
      this.script = this.random.pick(this.scripts as [(typeof this.scripts)[number]]);
      this.port = FIRST_PORT + this.random.below(PORTS);
      this.step = 0;
    }
    return this.script[this.step++] as FlowTemplate;
  }
}
