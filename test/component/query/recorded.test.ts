// The recorded calls of the reference command, answered from the store instead of the file: byte for byte the same.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { answer } from '../../../src/query/answer.ts';
import { corpus, observe, recordedCases, sha256 } from '../../unit/cli/recorded.ts';
import { type StoredCorpus, storedCorpus } from './stored.ts';

let stored: StoredCorpus;

beforeAll(async () => {
  stored = await storedCorpus();
  await stored.insert(await corpus('flows.jsonl'));
});
afterAll(() => stored.close());

const SELECTORS = ['--last', '--first', '--since', '--until', '-f', '--follow', '--all'];
/** How flows are printed does not depend on where they come from: the unit tests have those groups. */
const GROUPS = ['filter', 'not', 'combo', 'select', 'rawlist', 'error'];
/** What has to do with files, with following, or with times looked at from now. */
const LEFT_OUT = /^--(config|field-mask)$|^(-f|--follow)$|^(1\.5h|1ms|-87600h)$/;
/** Nothing selected: all of a file, but the twenty newest of a store. */
const UNSELECTED = ['1002', '1547', '1556'];

const cases = recordedCases().filter(
  ({ id, input, group, args, exit, stdout_lines }) =>
    input === 'flows.jsonl' &&
    // Of the long answers every fourth: they take the time.
    (stdout_lines < 800 || Number(id) % 4 === 0) &&
    exit === 0 &&
    GROUPS.includes(group) &&
    !UNSELECTED.includes(id) &&
    !args.some((arg) => LEFT_OUT.test(arg)),
);
/** `heldRows` below the larger `--last` of the cases: both ways of finding the newest are taken. */
const limits = { pageRows: 3000, heldRows: 50, maxRows: 1_000_000 };

describe('from the store', () => {
  test('most recorded calls are here', () => expect(cases.length).toBeGreaterThan(380));

  for (const { id, args, stdout_sha256, stdout } of cases) {
    test(`${id} ${args.join(' ')}`, async () => {
      const selected = args.some((arg) => SELECTORS.includes(arg.split('=')[0] ?? ''));
      const { exit, out, err } = await observe(selected ? args : [...args, '--all'], {
        ask: async function* (options, say) {
          const query = { ...options, events: 'matching' as const };
          const signal = new AbortController().signal;
          for await (const item of answer({ store: stored.store, limits }, query, signal)) {
            if (item.kind === 'response') yield item.response;
            else say(item.notice);
          }
        },
      });
      expect({ exit, err: exit === 0 ? '' : err }).toEqual({ exit: 0, err: '' });
      if (sha256(out) !== stdout_sha256) expect(out).toBe(stdout ?? 'other output');
    });
  }
});
