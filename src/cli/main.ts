import { type Command, CommanderError } from 'commander';
import { ParallaxError } from '../runtime/errors.ts';
import { errorLine, exitCodeOf } from '../runtime/exit.ts';
import { buildProgram, helpArguments } from './program.ts';
import { commandName, refusalText } from './refusal.ts';

/** How long output may take to leave a slow pipe before the process ends anyway. */
const FLUSH_MS = 2_000;

/** `parallax observe | head` closes our output: that is a normal end. */
function endOnClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
}

async function main(argv: readonly string[]): Promise<number> {
  const args = helpArguments(argv.slice(2));
  const program = await buildProgram(args[0]);
  try {
    await program.parseAsync(args, { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    const line = lineOf(error, program);
    const name = commandName(program, args);
    if (line !== undefined) process.stderr.write(`${name}: ${line}\n`);
    return error instanceof CommanderError ? error.exitCode : exitCodeOf(error);
  }
}

function lineOf(error: unknown, program: Command): string | undefined {
  if (error instanceof CommanderError) return refusalText(error, program);
  return error instanceof ParallaxError ? errorLine(error) : `defect: ${errorLine(error)}`;
}

/** Ends the process: connections and engines that idle must not keep a finished command alive. */
async function leave(code: number): Promise<void> {
  process.exitCode = code;
  const flushed = [process.stdout, process.stderr].map(
    (stream) => new Promise<void>((resolve) => stream.write('', () => resolve())),
  );
  await Promise.race([
    Promise.all(flushed),
    new Promise((resolve) => setTimeout(resolve, code > 128 ? 0 : FLUSH_MS).unref()),
  ]);
  process.exit(code);
}

process.stdout.on('error', endOnClosedPipe);
await leave(await main(process.argv));
