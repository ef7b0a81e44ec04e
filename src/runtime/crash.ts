// The last net of a process: what nobody caught is logged and ends it, because its state is unknown and a restart is
// safe (nothing that was acknowledged is lost by dying).
import type { Logger } from 'pino';
import { exitCodeOf } from './exit.ts';

interface CrashingProcess {
  on(
    event: 'uncaughtException' | 'unhandledRejection',
    listener: (error: unknown) => void,
  ): unknown;
  exit(code: number): unknown;
}

export function installCrashHandlers(target: CrashingProcess, logger: Logger): void {
  const die = (kind: string) => (error: unknown) => {
    const err = error instanceof Error ? error : new Error(String(error));
    logger.fatal({ err }, kind);
    target.exit(exitCodeOf(error));
  };
  target.on('uncaughtException', die('uncaught exception'));
  target.on('unhandledRejection', die('unhandled rejection'));
}
