// Completion scripts: bash completes with the one it sources; the others are checked where their shell is there.
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { completionScript, type Shell } from '../../../../src/cli/help/completion.ts';
import { helpPages } from '../../../../src/cli/program.ts';

const pages = await helpPages();
const directory = mkdtempSync(join(tmpdir(), 'parallax-completion-'));
afterAll(() => rmSync(directory, { recursive: true }));

function written(shell: Shell): string {
  const file = join(directory, shell);
  writeFileSync(file, completionScript(shell, pages));
  return file;
}

function completed(...words: readonly string[]): Promise<readonly string[]> {
  const script = `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(( $# - 1 )); _parallax
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const args = ['--norc', '-c', script, 'bash', join(directory, 'bash'), ...words];
  return new Promise((resolve, reject) => {
    execFile('bash', args, (error, stdout) => {
      if (error) reject(error);
      else resolve(stdout.split('\n').filter((line) => line !== ''));
    });
  });
}

function isThere(shell: string): boolean {
  try {
    execFileSync(shell, ['-c', 'true']);
    return true;
  } catch {
    return false;
  }
}

describe.runIf(isThere('bash'))('bash completes', () => {
  written('bash');
  test.each([
    [['parallax', 'den'], ['denials']],
    [
      ['parallax', 'denials', '--state', ''],
      ['open', 'resolved', 'stale', 'all'],
    ],
    [['parallax', 'denials', '-o', 'j'], ['json']],
    [['parallax', 'denials', '--output', '=', 'y'], ['yaml']],
    [['parallax', 'observe', '--verdict', 'D'], ['DROPPED']],
    [['parallax', 'alert', 'deliv'], ['deliveries']],
    [['parallax', 'alert', 'deliveries', '--rec'], ['--receiver']],
    [['parallax', 'completion', ''], expect.arrayContaining(['bash', 'zsh', 'fish'])],
    [['parallax', 'compare', 'den'], ['denials']],
    [['parallax', 'import', 'package.js'], ['package.json']],
    [['parallax', 'import', 'x', '--config', 'package.js'], ['package.json']],
    [['parallax', 'observe', '--http-path', 'package.js'], []],
    [['parallax', 'observe', '--cluster', 'package.js'], []],
  ])('%j', async (words, wanted) => {
    expect(await completed(...words)).toEqual(wanted);
  });

  test('every flag of every command', async () => {
    for (const { name, options } of pages) {
      const found = await completed('parallax', name, '--');
      expect(found).toEqual(expect.arrayContaining(options.map(({ long }) => `--${long}`)));
    }
  });
});

describe.each(['zsh', 'fish'] as const)('the script of %s', (shell) => {
  test('names every flag of every command', () => {
    const script = completionScript(shell, pages);
    for (const { name, options } of pages) {
      expect(script).toContain(name);
      for (const { long } of options)
        expect(script).toContain(shell === 'zsh' ? `--${long}[` : `-l ${long}`);
    }
  });

  if (!isThere(shell)) console.log(`*** ${shell} is not installed: its script is not parsed ***`);
  test.runIf(isThere(shell))('is read by the shell', () => {
    execFileSync(shell, ['-n', written(shell)]);
  });
});
