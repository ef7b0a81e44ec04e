import { type Command, InvalidArgumentError } from 'commander';
import type { IdentitiesAnswer, IdentityNumber } from '../../query/catalogue/identities.ts';
import { addServerFlags, type ServerFlags } from '../client/server-flags.ts';
import { addOutputFlags, type OutputFlags, print } from '../output/command.ts';
import type { Answer } from '../output/render.ts';
import { type Column, tableOf } from '../output/table.ts';

interface Flags extends ServerFlags, OutputFlags {
  readonly cluster?: string;
  readonly at?: string;
  readonly limit: string;
}

const DESCRIPTION = `Shows what a security identity number stands for: its cluster, if the number carries one, and its labels in each
cluster over time. Numbers are reused: --at selects a time. Without a number it lists all known identities with their latest
labels.`;

const MAX_NUMBER = 2 ** 32 - 1;

function identityNumber(text: string): number {
  const value = /^(0x[0-9a-f]+|\d+)$/i.test(text) ? Number(text) : Number.NaN;
  if (value <= MAX_NUMBER) return value;
  throw new InvalidArgumentError('Expected an identity number such as 373826.');
}

export function addIdentitiesCommand(program: Command): void {
  addServerFlags(addOutputFlags(program.command('identities')))
    .description(DESCRIPTION)
    .argument('[number]', 'identity number', identityNumber)
    .option('--cluster <key>', 'only identities of this cluster')
    .option('--at <time>', 'labels at that time: 30m (ago), 7d, 2026-03-14T10:00:00Z')
    .option('--limit <n>', 'maximum number of rows', '1000')
    .action(async (number: number | undefined, flags: Flags) => {
      const [{ getDocument }, { processIo }, { TimeReader }] = await Promise.all([
        import('../client/document.ts'),
        import('../call.ts'),
        import('../time.ts'),
      ]);
      const io = processIo();
      const { cluster, limit } = flags;
      const identity = number === undefined ? undefined : String(number);
      const at = new TimeReader(io.nowMs(), io.warn).text('at', flags.at);
      const answer = await getDocument<IdentitiesAnswer>(
        flags,
        '/api/v1/identities',
        { identity, cluster, limit, at },
        (found) => 'periods' in found,
        io,
      );
      await print(answerOf(answer), flags);
    });
}

function answerOf(answer: IdentitiesAnswer): Answer {
  const { periods } = answer;
  const above = [...headOf(answer), ...(periods.length > 0 ? [''] : [])];
  return {
    document: answer,
    items: periods,
    table: tableOf(COLUMNS, periods),
    ...(above.length > 1 || periods.length === 0 ? { above: `${above.join('\n')}\n` } : {}),
  };
}

function headOf({ identity, name, nodeLocal, numbers = [], periods }: IdentitiesAnswer): string[] {
  const head: string[] = [];
  if (name !== undefined) head.push(`${identity} is reserved: ${name}, the same everywhere`);
  else if (nodeLocal) head.push(`${identity} is local to each node: its meaning differs by node`);
  for (const number of numbers) head.push(`${identity} ${numberText(number)}`);
  if (periods.length === 0 && name === undefined && !nodeLocal)
    head.push('no labels are known for it');
  return head;
}

type Period = IdentitiesAnswer['periods'][number];

const COLUMNS: readonly Column<Period>[] = [
  { header: 'CLUSTER', cell: ({ cluster }) => cluster, shrink: 12 },
  { header: 'IDENTITY', cell: ({ identity }) => String(identity) },
  { header: 'FIRST SEEN', cell: ({ firstSeen }) => firstSeen, drop: 2 },
  { header: 'LAST SEEN', cell: ({ lastSeen }) => lastSeen, drop: 3 },
  {
    ...{ header: 'SOURCE', drop: 1 },
    cell: ({ seenBefore, origins }) => (seenBefore === false ? 'later only' : origins.join(',')),
  },
  { header: 'LABELS', cell: ({ labels }) => labels.join(' '), shrink: 30 },
];

function numberText(number: IdentityNumber): string {
  const { maxConnectedClusters, kind, clusterId, clusters } = number;
  if (clusterId === undefined)
    return kind === 'cluster-local'
      ? 'carries no cluster id: each cluster means its own by it'
      : `is ${kind}`;
  const shift = maxConnectedClusters === 511 ? 15 : 16;
  const known = clusters.length === 0 ? 'which is not known here' : clusters.join(' or ');
  return `is of the cluster with id ${clusterId} (>> ${shift}), ${known}`;
}
