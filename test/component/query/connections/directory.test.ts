// The reports out of a data directory that no process has open.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ObserveOptions, readOptions } from '../../../../src/cli/observe/options.ts';
import type { Env } from '../../../../src/cli/observe/settings.ts';
import { CONNECTIONS } from '../../../../src/cli/report/connections.ts';
import { runExplain } from '../../../../src/cli/report/explain.ts';
import { queryReport } from '../../../../src/cli/report/run.ts';
import { SERVICES } from '../../../../src/cli/report/services.ts';
import { caughtCall } from '../../../engines/caught-call.ts';
import { tell } from '../../../support/query/conversations.ts';
import { tellStore } from '../../../support/query/emitted.ts';
import { type StoredCorpus, storedCorpus } from '../../../support/query/stored.ts';

let stored: StoredCorpus;

beforeAll(async () => {
  stored = await storedCorpus();
  await tellStore(stored, tell(5, 40).responses);
  await stored.store.stop(AbortSignal.timeout(10_000));
}, 60_000);
afterAll(() => stored.close());

async function optionsOf(args: readonly string[], env: Env): Promise<ObserveOptions> {
  const options = await readOptions(args, caughtCall({ env, nowMs: 0 }).io, 'api');
  if (options === 'help') throw new Error('only the help was asked for');
  return options;
}

test('connections, services and an explanation', async () => {
  const env = { PARALLAX_DATA_DIR: stored.directory };
  const options = await optionsOf(['--verdict', 'DROPPED', '--last', '3'], env);
  const { io, said } = caughtCall({ env, nowMs: Date.now() });
  const { items, notices } = await queryReport(CONNECTIONS, options, io);
  expect(items.map(({ outcome }) => outcome)).toEqual(['denied', 'denied', 'denied']);
  expect(notices).toEqual([]);
  const all = await queryReport(SERVICES, await optionsOf(['--all'], env), io);
  expect(all.items.map(({ service }) => service).sort()).toEqual(['shop/api', 'shop/db']);
  await runExplain(items[0]?.uuid, {}, io);
  expect(said().out).toContain('this is the default deny');
  const nobody = { from: 'shop/nobody', to: 'shop/api' };
  await expect(runExplain(undefined, nobody, io)).rejects.toMatchObject({
    code: 'input/not-found',
  });
}, 60_000);
