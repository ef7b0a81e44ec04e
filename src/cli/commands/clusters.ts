// `parallax clusters`: the clusters that are known, and what does not fit together among them.
import { type Command, Option } from 'commander';
import type { ClustersAnswer, ClusterView, Told } from '../../query/catalogue/clusters.ts';
import type { PlaceFlags } from '../observe/server.ts';
import { TOKEN_FILE_HELP } from '../token.ts';

interface Flags extends PlaceFlags {
  readonly output: 'table' | 'json';
}

const DESCRIPTION = `Lists the clusters that are known: their keys here, what Cilium calls them and called them before, ids, numbering of
identities, networks, and who said so. Conflicts follow, each with its evidence and cure.`;

export function addClustersCommand(program: Command): void {
  program
    .command('clusters')
    .summary('list the clusters that are known, and what does not fit together')
    .description(DESCRIPTION)
    .option('--server <url>', 'Parallax server to ask; $PARALLAX_SERVER when left out')
    .option('--token-file <file>', TOKEN_FILE_HELP)
    .option('--data-dir <dir>', 'data directory to read; $PARALLAX_DATA_DIR when left out')
    .addOption(
      new Option('-o, --output <format>', 'form of the output')
        .choices(['table', 'json'])
        .default('table'),
    )
    .action(async (flags: Flags) => {
      const [{ lookUp }, { queryClusters }] = await Promise.all([
        import('../lookup.ts'),
        import('../../query/catalogue/clusters.ts'),
      ]);
      const answer = await lookUp<ClustersAnswer>(flags, {
        path: '/api/v1/clusters',
        params: {},
        direct: (store) => queryClusters(store),
      });
      const text =
        flags.output === 'json' ? `${JSON.stringify(answer, null, 2)}\n` : await tableOf(answer);
      process.stdout.write(text);
    });
}

async function tableOf({ clusters, findings }: ClustersAnswer): Promise<string> {
  if (clusters.length === 0)
    return 'no cluster is known: the configuration has none, and no flows were stored\n';
  const { alignColumns } = await import('../../hubble/print/tabwriter.ts');
  const head = 'CLUSTER\tCILIUM NAME\tID\tNUMBERING\tMESH\tPOD CIDRS\tNODE CIDRS\tRELAY\tSAID BY';
  const lines = [head, ...clusters.map(line)];
  const table = alignColumns(lines.map((each) => `${each}\n`).join(''));
  const found = findings.map(
    ({ what, evidence, cure }) => `\n! ${what}\n  evidence: ${evidence}\n  cure: ${cure}\n`,
  );
  return table + found.join('');
}

function line(cluster: ClusterView): string {
  const { key, mesh, names, ids, maxConnectedClusters, podCidrs, nodeCidrs, relays } = cluster;
  const all = [...names, ...ids, ...maxConnectedClusters, ...podCidrs, ...relays];
  const origins = [...new Set(all.filter(({ current }) => current).map(({ origin }) => origin))];
  return [
    key,
    cells(names),
    cells(ids),
    cells(maxConnectedClusters),
    mesh || '-',
    cells(podCidrs),
    cells(nodeCidrs),
    cells(relays),
    origins.sort().join(',') || '-',
  ].join('\t');
}

/** The first few of what holds now. */
function cells(told: readonly Told[]): string {
  const values = [...new Set(told.filter(({ current }) => current).map(({ value }) => value))];
  if (values.length === 0) return '-';
  const left = values.length - 3;
  return values.slice(0, 3).join(',') + (left > 0 ? `,… ${left} more` : '');
}
