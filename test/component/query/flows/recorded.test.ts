// The recorded calls of the reference command, answered from the store instead of the file: byte for byte the same.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { answer } from '../../../../src/query/flows/answer.ts';
import { corpus, observe, recordedCases, sha256 } from '../../../support/cli/recorded.ts';
import { type StoredCorpus, storedCorpus } from '../../../support/query/stored.ts';

let stored: StoredCorpus;

beforeAll(async () => {
  stored = await storedCorpus();
  await stored.insert(await corpus('flows.jsonl'));
});
afterAll(() => stored.close());

const SELECTORS = ['--last', '--first', '--since', '--until', '-f', '--follow', '--all'];
/** What an answer from history says differently, and why; docs/compatibility.md has the same. */
const DIFFERENT: readonly (readonly [why: string, args: RegExp])[] = [
  ['stars in names of clusters are patterns', /-cluster [^ ]*\*/],
  ['nothing is collected that could be followed', /^(-f|--follow)\b| (-f|--follow)\b/],
  ['a field mask is applied, a file is printed whole', /^--field-mask .* -o json/],
  [
    'without a number the twenty newest, of a file all',
    /^(--last 0|--first 1 --first 0|--since )$/,
  ],
  ['a flag without its value takes the --all that is added here', /^--(color|time-format)$/],
  ['a time without a zone is UTC, a file needs one', /--(since|until) [\dT:.-]+T[\d:.]+( |$)/],
];
const different = (args: readonly string[]) =>
  DIFFERENT.find(([, pattern]) => pattern.test(args.join(' ')));

const recorded = recordedCases().filter(({ input, env }) => input === 'flows.jsonl' && !env);
const cases = recorded.filter(
  ({ id, args, group, stdout_lines }) =>
    different(args) === undefined &&
    group !== 'stdin' &&
    // Of the long answers some: they take the time, and the unit tests print them all.
    (stdout_lines < 800 || Number(id) % (group === 'filter' || group === 'not' ? 4 : 8) === 0),
);
/** `heldRows` below the larger `--last` of the cases: both ways of finding the newest are taken. */
const limits = { pageRows: 3000, heldRows: 50, maxRows: 1_000_000 };

describe('from the store', () => {
  test('most recorded calls are here', () => {
    expect(cases.length).toBeGreaterThan(620);
    const left = DIFFERENT.map(([, args]) => recorded.filter((c) => args.test(c.args.join(' '))));
    expect(left.map(({ length }) => length)).toEqual([3, 6, 2, 3, 2, 1]);
  });

  for (const { id, args, exit, stdout_sha256, stdout } of cases) {
    test(`${id} ${args.join(' ')}`, async () => {
      const selected = args.some((arg) => SELECTORS.includes(arg.split('=')[0] ?? ''));
      const answered = await observe(selected ? args : [...args, '--all'], {
        query: async function* (options, { say }) {
          const query = { ...options, events: 'matching' as const };
          const signal = new AbortController().signal;
          for await (const item of answer({ store: stored.store, limits }, query, signal)) {
            if (item.kind === 'response') yield item.response;
            else say(item.notice);
          }
        },
      });
      const err = answered.exit === exit ? '' : answered.err;
      expect({ exit: answered.exit, err }).toEqual({ exit, err: '' });
      if (sha256(answered.out) !== stdout_sha256)
        expect(answered.out).toBe(stdout ?? 'other output');
    });
  }
});
