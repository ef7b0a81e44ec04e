// `parallax doctor`: what is wrong with relays, certificates, Kafka and the store, and what cures it.
import { type Command, Option } from 'commander';
import type { Finding } from '../../query/doctor/finding.ts';
import { apiTarget } from '../observe/server.ts';
import { addConfigFlags, type ConfigFlags } from '../options.ts';
import { addTargetFlags, type TargetFlags, targetSettings } from '../target.ts';
import { TOKEN_FILE_HELP, tokenOf } from '../token.ts';

type Flags = ConfigFlags &
  TargetFlags & {
    readonly server?: string;
    readonly tokenFile?: string;
    readonly output: 'table' | 'json';
    readonly window: string;
    readonly strict?: boolean;
  };

const BETWEEN_MS = 3000;

export function addDoctorCommand(program: Command): void {
  const command = addConfigFlags(program.command('doctor'))
    .summary('find what is wrong, with evidence and cure')
    .description(
      'Looks at every relay, certificates, the bus and the store, and says what is wrong, by which evidence, and what cures it. Changes nothing. Exit code 1 when there is a problem.',
    );
  addTargetFlags(command)
    .option('--server <url>', 'ask this Parallax server about its store; $PARALLAX_SERVER')
    .option('--token-file <file>', TOKEN_FILE_HELP)
    .option('--window <time>', 'how far back stored flows are looked at', '10m')
    .addOption(
      new Option('-o, --output <format>', 'how to print')
        .choices(['table', 'json'])
        .default('table'),
    )
    .option('--strict', 'exit code 1 for warnings, too')
    .action(async (flags: Flags) => {
      const { runRole } = await import('../role.ts');
      const { askDocument } = await import('../observe/client.ts');
      const { examine } = await import('../../app/doctor/run.ts');
      const { worstOf } = await import('../../query/doctor/finding.ts');
      const { duration } = await import('../../config/values.ts');
      const { ParallaxError } = await import('../../runtime/errors.ts');
      const window = duration.safeParse(flags.window);
      if (!window.success)
        throw new ParallaxError(
          'input/invalid',
          `--window ${flags.window}: ${window.error.issues[0]?.message}`,
        );
      const target = apiTarget(flags, process.env);
      const access = { token: tokenOf(flags.tokenFile, process.env) };
      await runRole('doctor', flags, targetSettings(flags), async (config, deps) => {
        const interrupted = new AbortController();
        process.once('SIGINT', () => interrupted.abort());
        const options = {
          server: target.kind === 'api' ? target.url : undefined,
          ask: (address: string, path: string, signal: AbortSignal) =>
            askDocument(address, path, undefined, access, signal),
          window: window.data,
          between: BETWEEN_MS,
        };
        const findings = await examine(config, deps, options, interrupted.signal);
        deps.stdout.write(
          flags.output === 'json' ? `${JSON.stringify({ findings }, null, 2)}\n` : text(findings),
        );
        const worst = worstOf(findings);
        return worst === 'problem' || (flags.strict === true && worst === 'warning') ? 1 : 0;
      });
    });
}

const MARK = { ok: 'ok     ', warning: 'WARNING', problem: 'PROBLEM' } as const;

/** A line for what is well; what is not gets its evidence and its cure below. */
export function text(findings: readonly Finding[]): string {
  const lines = findings.map(({ severity, check, cluster, what, evidence, cure }) => {
    const head = `${MARK[severity]}  ${check}${cluster === undefined ? '' : ` [${cluster}]`}: ${what}`;
    if (severity === 'ok') return `${head} (${evidence})\n`;
    return `${head}\n         seen: ${evidence}\n         cure: ${cure}\n`;
  });
  const count = (severity: Finding['severity']) =>
    findings.filter((finding) => finding.severity === severity).length;
  return `${lines.join('')}${count('problem')} problems, ${count('warning')} warnings, ${count('ok')} checks are well\n`;
}
