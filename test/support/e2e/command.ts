// Commands that end by themselves, such as observe and import.
import { execFile } from 'node:child_process';
import { userEnvironment } from './child.ts';
import type { Program } from './program.ts';

export interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end. */
export type Command = (...args: string[]) => Promise<Answer>;

export function commandOf(program: Program, directory: string): Command {
  return (...args) =>
    new Promise((resolve) => {
      execFile(
        process.execPath,
        [program.script, ...args],
        { cwd: directory, env: userEnvironment(), maxBuffer: 1 << 28 },
        (error, stdout, stderr) => {
          resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
        },
      );
    });
}

/** The objects of JSON lines. */
export function objects(lines: string): unknown[] {
  return lines
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line));
}
