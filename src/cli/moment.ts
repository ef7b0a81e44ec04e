// A time as a flag gives it.
import { inputError } from '../runtime/errors.ts';
import { msToNs, nsToMs } from '../runtime/time.ts';

/** Milliseconds since 1970; throws `input/invalid` with the flag's name. */
export async function momentOf(flag: string, text: string, nowMs: number): Promise<number> {
  const { parseMoment } = await import('../hubble/filter/since.ts');
  try {
    return nsToMs(parseMoment(text, msToNs(nowMs)));
  } catch (cause) {
    throw inputError(`${flag}: "${text}" is no time; write 2h, 7d or 2026-03-14T10:00:00Z`, {
      cause,
    });
  }
}
