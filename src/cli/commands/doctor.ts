import type { Command } from 'commander';
import type { Finding } from '../../query/doctor/finding.ts';
import { addServerFlags, type ServerFlags } from '../client/server-flags.ts';
import { addConfigFlags, type ConfigFlags } from '../options.ts';
import { addOutputFlags, type OutputFlags, print } from '../output/command.ts';
import { plainText } from '../output/plain-text.ts';
import type { Answer } from '../output/render.ts';
import type { Screen } from '../output/screen.ts';
import { type Column, tableOf, toned } from '../output/table.ts';
import { wrap } from '../output/width.ts';
import { addTargetFlags, type TargetFlags, targetSettings } from '../target.ts';

type Flags = ConfigFlags &
  TargetFlags &
  OutputFlags &
  ServerFlags & {
    readonly window: string;
    readonly strict?: boolean;
  };

const BETWEEN_MS = 3000;

export function addDoctorCommand(program: Command): void {
  const command = addConfigFlags(program.command('doctor')).description(
    'Checks every relay, the certificates, the bus and the store, and reports what is wrong with evidence and a cure. It changes nothing. The exit code is 1 when there is a problem.',
  );
  addServerFlags(addOutputFlags(addTargetFlags(command)), { dataDir: false })
    .option('--window <time>', 'how far back stored flows are checked', '10m')
    .option('--strict', 'exit with code 1 for warnings, too')
    .action(async (flags: Flags) => {
      const { runRole } = await import('../role.ts');
      const { ApiClient } = await import('../client/client.ts');
      const { placeOf } = await import('../client/server-flags.ts');
      const { httpTransport } = await import('../client/transport.ts');
      const { examine } = await import('../../app/doctor/run.ts');
      const { worstOf } = await import('../../query/doctor/finding.ts');
      const { duration } = await import('../../config/values.ts');
      const { inputError } = await import('../../runtime/errors.ts');
      const window = duration.safeParse(flags.window);
      if (!window.success)
        throw inputError(`--window ${flags.window}: ${window.error.issues[0]?.message}`);
      const place = await placeOf(flags, process.env, 'api');
      await runRole('doctor', flags, targetSettings(flags), async (config, deps) => {
        const interrupted = new AbortController();
        process.once('SIGINT', () => interrupted.abort());
        const options = {
          server: place.target.kind === 'api' ? place.target.url : undefined,
          ask: (url: string, path: string, signal: AbortSignal) =>
            new ApiClient(httpTransport(url, place), signal).json(path),
          window: window.data,
          between: BETWEEN_MS,
        };
        const findings = await examine(config, deps, options, interrupted.signal);
        await print(doctorAnswer(findings), flags);
        const worst = worstOf(findings);
        return worst === 'problem' || (flags.strict === true && worst === 'warning') ? 1 : 0;
      });
    });
}

const MARKS = { ok: 'ok     ', warning: 'WARNING', problem: 'PROBLEM' } as const;
const TONES = { ok: 'good', warning: 'warning', problem: 'bad' } as const;

export function doctorAnswer(findings: readonly Finding[]): Answer {
  return {
    document: { findings },
    items: findings,
    table: tableOf(COLUMNS, findings),
    text: (screen) =>
      findings.map((finding) => findingText(finding, screen)).join('') + summary(findings),
  };
}

const COLUMNS: readonly Column<Finding>[] = [
  { header: 'SEVERITY', cell: ({ severity }) => severity },
  { header: 'CHECK', cell: ({ check }) => check },
  { header: 'CLUSTER', cell: ({ cluster = '' }) => cluster },
  { header: 'WHAT', cell: ({ what }) => what },
  { header: 'EVIDENCE', cell: ({ evidence }) => evidence },
  { header: 'CURE', cell: ({ cure }) => cure },
];

/** One line for what is well; a problem has its evidence and its cure below. */
function findingText(
  { severity, check, cluster, what, evidence, cure }: Finding,
  screen: Screen,
): string {
  const mark = MARKS[severity];
  const head = `${mark}  ${check}${cluster === undefined ? '' : ` [${cluster}]`}: ${what}`;
  const lines =
    severity === 'ok'
      ? [`${head} (${evidence})`]
      : [head, `         seen: ${evidence}`, `         cure: ${cure}`];
  const text = wrap(`${lines.map(plainText).join('\n')}\n`, screen.columns);
  return toned(mark, TONES[severity], screen) + text.slice(mark.length);
}

function summary(findings: readonly Finding[]): string {
  const count = (severity: Finding['severity']) =>
    findings.filter((finding) => finding.severity === severity).length;
  return `${count('problem')} problems, ${count('warning')} warnings, ${count('ok')} checks passed\n`;
}
