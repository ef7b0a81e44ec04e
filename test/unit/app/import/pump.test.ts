import { describe, expect, it } from 'vitest';
import { type PumpOptions, pump, type SealedBatch } from '../../../../src/app/import/pump.ts';
import { summaryText } from '../../../../src/app/import/summary.ts';
import { decodeFlowBatch } from '../../../../src/hubble/proto/batch.ts';
import { systemClock } from '../../../../src/runtime/clock.ts';
import { inputError, ParallaxError } from '../../../../src/runtime/errors.ts';

const FLOW = '{"flow":{"verdict":"FORWARDED"}}';

async function* chunksOf(...parts: (string | Error)[]): AsyncGenerator<Buffer> {
  for (const part of parts) {
    if (part instanceof Error) throw part;
    yield Buffer.from(part);
  }
}

function run(chunks: AsyncIterable<Buffer>, over: Partial<PumpOptions> = {}) {
  const batches: SealedBatch[] = [];
  const summary = pump({
    chunks,
    cluster: 'lab',
    collector: 'c',
    maxLine: 2 << 20,
    clock: systemClock,
    signal: new AbortController().signal,
    store: async (batch) => {
      batches.push(batch);
      const { count } = decodeFlowBatch(batch.value).header;
      return { flows: count, events: 0, doubles: 0, deadLetters: 0 };
    },
    ...over,
  });
  return { batches, summary };
}

describe('pump', () => {
  it('seals batches marked as replay, by count', async () => {
    const { batches, summary } = run(chunksOf(`${FLOW}\n`.repeat(25_000)));
    expect(await summary).toMatchObject({ lines: 25_000, accepted: 25_000, flows: 25_000 });
    const headers = batches.map(({ value }) => decodeFlowBatch(value).header);
    expect(headers.map(({ count }) => count)).toEqual([10_000, 10_000, 5000]);
    expect(headers.map(({ sequence }) => sequence)).toEqual([0, 1, 2]);
    expect(headers[0]).toMatchObject({ cluster: 'lab', relay: 'import', replay: true });
  });

  it('names refused lines and goes on', async () => {
    const input = [FLOW, 'nonsense', '', '[1]', 'more nonsense', FLOW, '{'].join('\n');
    const { summary } = run(chunksOf(input));
    const result = await summary;
    expect(result).toMatchObject({ lines: 7, accepted: 2, blank: 1 });
    expect([...result.refused].map(([reason, { count }]) => [reason, count])).toEqual([
      ['not-json', 2],
      ['not-hubble', 1],
      ['multi-line-json', 1],
    ]);
    const text = summaryText(result, 'flows.jsonl', 'store');
    expect(text).toMatch(/not-json: 2 .*\n {6}line 2: .*\n {6}line 5: /);
    expect(text).toContain('jq -c');
  });

  it('remembers few of very many refused lines', async () => {
    const { summary } = run(chunksOf('x\n'.repeat(50_000)));
    const result = await summary;
    expect(result.refused.get('not-json')).toMatchObject({ count: 50_000 });
    expect(result.refused.get('not-json')?.first).toHaveLength(5);
    expect(summaryText(result, 'f', 'store')).toContain('and 49,995 more');
  });

  it('sends a large record alone, and refuses it alone when the bus does', async () => {
    const large = `{"flow":{"Summary":"${'x'.repeat(1_100_000)}"}}`;
    const counts: number[] = [];
    const store = async ({ value }: SealedBatch) => {
      counts.push(decodeFlowBatch(value).header.count);
      if (value.length > 1_000_000) throw new ParallaxError('bus/too-large', 'record too large');
      return undefined;
    };
    const { summary } = run(chunksOf([FLOW, FLOW, large, FLOW].join('\n')), { store });
    const result = await summary;
    expect(counts).toEqual([2, 1, 1]);
    expect(result).toMatchObject({ accepted: 3 });
    expect(result.refused.get('too-large')?.first).toEqual([
      { line: 3, detail: 'record too large' },
    ]);
  });

  it('keeps what came before input that breaks off, and says it', async () => {
    const broken = inputError('f ended early: unexpected end of file');
    const { summary } = run(chunksOf(`${FLOW}\n${FLOW}\n{"flow`, broken));
    const result = await summary;
    expect(result).toMatchObject({ flows: 2, ended: broken.message });
    expect(result.refused.get('not-json')?.first[0]).toMatchObject({ line: 3 });
  });

  it('fails when nothing could be read, or the store fails', async () => {
    const broken = inputError('f is zstd data');
    await expect(run(chunksOf(broken)).summary).rejects.toBe(broken);
    const down = new ParallaxError('store/unavailable', 'down');
    const store = () => Promise.reject(down);
    await expect(run(chunksOf(FLOW), { store }).summary).rejects.toBe(down);
    await expect(run(chunksOf(`${FLOW}\n`.repeat(25_000)), { store }).summary).rejects.toBe(down);
  });

  it('stores what it has when it is interrupted', async () => {
    const leaving = new AbortController();
    async function* chunks() {
      yield Buffer.from(`${FLOW}\n`);
      leaving.abort();
      yield Buffer.from(`${FLOW}\n`);
      yield Buffer.from(`${FLOW}\n`);
    }
    const { summary } = run(chunks(), { signal: leaving.signal });
    expect(await summary).toMatchObject({
      flows: 2,
      ended: expect.stringContaining('run it again'),
    });
  });

  it('never has more than one batch at work', async () => {
    let atWork = 0;
    let most = 0;
    const store = async () => {
      most = Math.max(most, ++atWork);
      await new Promise((resolve) => setTimeout(resolve, 5));
      atWork--;
      return undefined;
    };
    await run(chunksOf(`${FLOW}\n`.repeat(45_000)), { store }).summary;
    expect(most).toBe(1);
  });
});
