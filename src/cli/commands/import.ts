import { type Command, InvalidArgumentError } from 'commander';
import { size } from '../../config/values.ts';
import { addConfigFlags, type ConfigFlags } from '../options.ts';
import { addTargetFlags, type TargetFlags, targetSettings } from '../target.ts';

interface ImportFlags extends ConfigFlags, TargetFlags {
  readonly cluster?: string;
  readonly maxLine: number;
  readonly strict?: boolean;
}

function sizeFlag(text: string): number {
  const parsed = size.safeParse(text);
  if (!parsed.success) throw new InvalidArgumentError('Expected a size such as 512KiB or 64MiB.');
  return parsed.data;
}

const DESCRIPTION = `Stores flows from a file of JSON lines, as \`hubble observe -o json\` or jsonpb and the flow-log exporter write them,
gzipped or plain; \`-\` reads standard input. Bare flows of older versions are accepted.

Lines that are no flow are counted and reported by number; they do not stop the import. Flows that are stored already are not
stored twice: run an interrupted import again.

Exit codes: 0 the input was read to its end (lines may have been refused, see --strict); 1 it was not, or no line was a flow;
130 or 143 after a signal.`;

export function addImportCommand(program: Command): void {
  const command = addConfigFlags(program.command('import'))
    .description(DESCRIPTION)
    .argument('<file>', 'file to read, - for standard input')
    .option(
      '--cluster <name>',
      'cluster to store the flows under (default: the prefix of the node name)',
    )
    .option('--max-line <size>', 'longest line that is accepted', sizeFlag, 16 * 1024 ** 2)
    .option('--strict', 'exit code 1 when any line was refused');
  addTargetFlags(command).action(async (file: string, flags: ImportFlags) => {
    const { runRole } = await import('../role.ts');
    const { runImport } = await import('../../app/import.ts');
    await runRole('import', flags, targetSettings(flags), (config, deps) =>
      runImport(config, deps, {
        file,
        stdin: process.stdin,
        stderr: process.stderr,
        cluster: flags.cluster ?? '',
        maxLineBytes: flags.maxLine,
        strict: flags.strict ?? false,
      }),
    );
  });
}
