// The command as a child process, from source: exit codes and what goes to which stream.
import { execFile } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const HOME = fileURLToPath(new URL('../../..', import.meta.url));
const MAIN = join(HOME, 'src/cli/main.ts');

interface Outcome {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

function parallax(args: readonly string[], env: Record<string, string> = {}): Promise<Outcome> {
  const { PATH = '' } = process.env;
  const options = { cwd: HOME, env: { PATH, ...env } };
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--import', 'tsx', MAIN, ...args],
      options,
      (error, stdout, stderr) => {
        resolve({ exit: Number(error?.code ?? 0), stdout, stderr });
      },
    );
  });
}

describe('parallax', { timeout: 60_000 }, () => {
  it('prints its version', async () => {
    const { exit, stdout } = await parallax(['version']);
    expect(stdout).toMatch(/^parallax \d+\.\d+\.\d+ on Node [\d.]+, \w+\/\w+\n$/);
    expect(exit).toBe(0);
  });

  it('refuses an unknown flag in one line', async () => {
    const { exit, stderr } = await parallax(['version', '--bogus']);
    expect(stderr).toBe('parallax version: unknown flag --bogus; see --help\n');
    expect(exit).toBe(1);
  });

  it('refuses an unknown command', async () => {
    const { exit, stderr } = await parallax(['colect']);
    expect(stderr).toBe('parallax: unknown command colect; did you mean collect?\n');
    expect(exit).toBe(1);
  });

  it('says every problem of the configuration and exits with 2', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'parallax-cli-')), 'p.yaml');
    writeFileSync(file, 'bus: {knid: kafka}\nclusters: [{name: A, relay: h:1}]\n');
    const { exit, stdout, stderr } = await parallax(['config', 'check'], { PARALLAX_CONFIG: file });
    expect(exit).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^parallax config check: configuration has 2 problems:\n/);
    expect(stderr).toContain('did you mean "kind"?');
    expect(stderr).toContain('clusters.0.name');
  });

  it('prints the configuration with what flags and the environment say', async () => {
    const env = {
      PARALLAX_BUS_KAFKA_SASL_USERNAME: 'me',
      PARALLAX_BUS_KAFKA_SASL_PASSWORD: 'geheim',
    };
    const { exit, stdout } = await parallax(
      ['config', 'print', '--kafka', 'a:1,b:2', '--data-dir', '/d'],
      env,
    );
    expect(exit).toBe(0);
    expect(stdout).toContain('kind: kafka # --kafka');
    expect(stdout).toContain('brokers: [ a:1, b:2 ] # --kafka');
    expect(stdout).toContain('path: /d # --data-dir');
    expect(stdout).toContain('password: <hidden> # PARALLAX_BUS_KAFKA_SASL_PASSWORD');
    expect(stdout).not.toContain('geheim');
  });

  it('says that an input is not there, with exit code 1', async () => {
    const { exit, stderr } = await parallax(['import', '/nowhere.jsonl']);
    expect(stderr).toMatch(/^parallax import: cannot read "\/nowhere.jsonl": ENOENT.*\n$/);
    expect(exit).toBe(1);
  });
});
