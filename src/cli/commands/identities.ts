// `parallax identities [NUMBER]`: what security identity numbers stand for, and when.
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { IdentitiesAnswer, IdentityNumber } from '../../query/catalogue/identities.ts';
import type { PlaceFlags } from '../observe/server.ts';
import { TOKEN_FILE_HELP } from '../token.ts';

interface Flags extends PlaceFlags {
  readonly cluster?: string;
  readonly at?: string;
  readonly limit: string;
  readonly output: 'table' | 'json';
}

const DESCRIPTION = `Says what a security identity number stands for: its cluster, as far as the number tells, and the labels it had in each
cluster, from when to when. Numbers are handed out again after a while: --at asks for one time. Without a number, lists
the identities that are known as they were seen last.`;

const MAX_NUMBER = 2 ** 32 - 1;

function identityNumber(text: string): number {
  const value = /^(0x[0-9a-f]+|\d+)$/i.test(text) ? Number(text) : Number.NaN;
  if (value <= MAX_NUMBER) return value;
  throw new InvalidArgumentError('Expected an identity number such as 373826.');
}

export function addIdentitiesCommand(program: Command): void {
  program
    .command('identities')
    .summary('say what security identity numbers stand for')
    .description(DESCRIPTION)
    .argument('[number]', 'identity number', identityNumber)
    .option('--cluster <key>', 'only as this cluster handed it out')
    .option('--at <time>', 'labels at that time: 30m (ago), 7d, 2026-03-14T10:00:00Z')
    .option('--limit <n>', 'how many rows at most', '1000')
    .option('--server <url>', 'Parallax server to ask; $PARALLAX_SERVER when left out')
    .option('--token-file <file>', TOKEN_FILE_HELP)
    .option('--data-dir <dir>', 'data directory to read; $PARALLAX_DATA_DIR when left out')
    .addOption(
      new Option('-o, --output <format>', 'form of the output')
        .choices(['table', 'json'])
        .default('table'),
    )
    .action(async (number: number | undefined, flags: Flags) => {
      const [{ lookUp }, { queryIdentities }, { readIdentityQuery }] = await Promise.all([
        import('../lookup.ts'),
        import('../../query/catalogue/identities.ts'),
        import('../../api/http/routes/catalogue.ts'),
      ]);
      const { cluster, at, limit } = flags;
      const params = {
        limit,
        ...(number === undefined ? {} : { identity: String(number) }),
        ...(cluster === undefined ? {} : { cluster }),
        ...(at === undefined ? {} : { at }),
      };
      const query = readIdentityQuery(params, Date.now());
      const answer = await lookUp<IdentitiesAnswer>(flags, {
        path: '/api/v1/identities',
        params,
        direct: (store) => queryIdentities(store, query),
      });
      const text =
        flags.output === 'json' ? `${JSON.stringify(answer, null, 2)}\n` : await textOf(answer);
      process.stdout.write(text);
    });
}

async function textOf(answer: IdentitiesAnswer): Promise<string> {
  const { identity, name, nodeLocal, numbers = [], periods } = answer;
  const head: string[] = [];
  if (name !== undefined) head.push(`${identity} is reserved: ${name}, the same everywhere`);
  else if (nodeLocal)
    head.push(
      `${identity} is numbered by each node for itself: another node means something else by it`,
    );
  for (const number of numbers) head.push(`${identity} ${numberText(number)}`);
  if (periods.length === 0) {
    if (name === undefined && !nodeLocal) head.push('no labels are known for it');
    return `${head.join('\n')}\n`;
  }
  const { alignColumns } = await import('../../hubble/print/tabwriter.ts');
  const rows = periods.map((period) =>
    [
      period.cluster,
      period.identity,
      period.firstSeen,
      period.lastSeen,
      period.seenBefore === false ? 'later only' : period.origins.join(','),
      period.labels.join(' '),
    ].join('\t'),
  );
  const lines = ['CLUSTER\tIDENTITY\tFIRST SEEN\tLAST SEEN\tSAID BY\tLABELS', ...rows];
  const table = alignColumns(lines.map((line) => `${line}\n`).join(''));
  return head.length === 0 ? table : `${head.join('\n')}\n\n${table}`;
}

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
