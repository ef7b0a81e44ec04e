// Masks cut on the wire against masks picked from decoded flows.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decode, encode } from '../../../../src/hubble/proto/codec.ts';
import { flowMask, maskResponse } from '../../../../src/hubble/proto/field-mask.ts';
import { Flow, GetFlowsResponse } from '../../../../src/hubble/proto/schema.gen.ts';
import type { MessageType } from '../../../../src/hubble/proto/schema.ts';
import { corpus } from '../../../support/cli/recorded.ts';

/** Every path there is, into messages three deep. */
function pathsOf(type: MessageType, depth = 3): string[] {
  return type.fields.flatMap((field) => {
    const below =
      field.kind === 'message' && !field.repeated && depth > 1
        ? pathsOf(field.type, depth - 1).map((path) => `${field.name}.${path}`)
        : [];
    return [field.name, ...below];
  });
}
const PATHS = pathsOf(Flow);

type Fields = Readonly<Record<string, unknown>>;

/** The plain meaning: a field is kept when a path names it or something above or below it. */
function pick(message: Fields, paths: readonly string[]): Fields {
  const kept: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(message)) {
    if (name === '$unknown') continue;
    const below = paths.filter((path) => path.startsWith(`${name}.`));
    if (paths.includes(name)) kept[name] = value;
    else if (below.length > 0)
      kept[name] = pick(
        value as Fields,
        below.map((path) => path.slice(name.length + 1)),
      );
  }
  return kept;
}

test('cut as picked, for any mask over the corpus', async () => {
  const responses = (await corpus('flows.jsonl')).filter((_, i) => i % 7 === 0);
  const masks = fc.array(fc.constantFrom(...PATHS), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(masks, fc.constantFrom(...responses), (paths, response) => {
      const mask = flowMask(paths);
      if (mask === undefined) throw new Error('a mask without paths');
      const bytes = encode(GetFlowsResponse, response);
      const whole = decode(GetFlowsResponse, bytes);
      const wanted = whole.flow ? { ...whole, flow: pick({ ...whole.flow }, paths) } : whole;
      // By way of bytes: parts of a timestamp come with their defaults.
      expect(decode(GetFlowsResponse, maskResponse(bytes, mask))).toEqual(
        decode(GetFlowsResponse, encode(GetFlowsResponse, wanted)),
      );
    }),
    { numRuns: 2000 },
  );
});

test('no paths are no mask; unknown ones are left out, even below known ones', () => {
  expect(flowMask([])).toBe(undefined);
  const names = ['nope', 'source.nope', 'source.labels.deeper', 'verdict.deeper', 'Source', ''];
  expect(flowMask(names)).toEqual(new Map());
  expect(flowMask(['source.namespace', 'source', 'source.labels'])).toEqual(
    new Map([[8, 'whole']]),
  );
});

test('the value of a wrapper is the wrapper, as protobuf counts paths', () => {
  expect(flowMask(['is_reply.value'])).toEqual(flowMask(['is_reply']));
  expect(flowMask(['is_reply.value'])?.size).toBe(1);
  expect(flowMask(['is_reply.other', 'is_reply.value.deeper', 'verdict.value'])).toEqual(new Map());
});
