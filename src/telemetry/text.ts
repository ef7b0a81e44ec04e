// The log for people: turns pino's JSON lines into one readable line each. A line it cannot read passes as it is.
import pc from 'picocolors';

type Colour = (text: string) => string;

interface Style {
  readonly name: string;
  readonly paint: (colours: typeof pc) => Colour;
}

const STYLES: Readonly<Record<number, Style>> = {
  10: { name: 'TRACE', paint: (c) => c.gray },
  20: { name: 'DEBUG', paint: (c) => c.gray },
  30: { name: 'INFO ', paint: (c) => c.green },
  40: { name: 'WARN ', paint: (c) => c.yellow },
  50: { name: 'ERROR', paint: (c) => c.red },
  60: { name: 'FATAL', paint: (c) => c.red },
};

/** Formats one JSON log line, without its newline; `colour` adds terminal colours. */
export function logLineToText(line: string, colour: boolean): string {
  let entry: Record<string, unknown>;
  try {
    // pino writes an object on each line.
    entry = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return line;
  }
  const { level, time, msg, err, ...fields } = entry;
  // The type of `pc` also has createColors, which no style calls.
  const colours = pc.createColors(colour) as typeof pc;
  const style = STYLES[Number(level)] ?? { name: String(level), paint: () => String };
  const clock = new Date(Number(time));
  const stamp = Number.isNaN(clock.getTime()) ? String(time) : clock.toISOString().slice(11, 23);
  const parts = [colours.dim(stamp), style.paint(colours)(style.name), String(msg ?? '')];
  for (const [key, value] of Object.entries(fields)) {
    parts.push(`${colours.dim(`${key}=`)}${fieldText(value)}`);
  }
  if (err !== undefined) parts.push(`${colours.dim('err=')}${errorText(err)}`);
  return parts.join(' ');
}

function fieldText(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  return /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
}

/** Message first; the stack only of errors that are not ours, whose cause is a line of code. */
function errorText(err: unknown): string {
  if (typeof err !== 'object' || err === null) return fieldText(err);
  // pino’s error serializer writes these as text.
  const { message, code, stack } = err as { message?: string; code?: string; stack?: string };
  const ours = typeof code === 'string' && code.includes('/');
  const head = fieldText(message ?? '');
  if (ours) return `${head} code=${code}`;
  return stack === undefined ? head : `${head}\n${stack}`;
}
