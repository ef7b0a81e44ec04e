// Content negotiation by `accept` (RFC 9110, section 12.5.1): ranges, qualities, and the most specific range wins.
// @fastify/accept-negotiator negotiates encodings: it knows no ranges such as text/* and no media type parameters.
import { ParallaxError } from '../../runtime/errors.ts';

interface Range {
  readonly type: string;
  readonly quality: number;
}

/** The media type of `forms` with the highest quality; the first of equal ones. Throws `input/not-acceptable`. */
export function acceptedForm<const T extends string>(
  accept: string | undefined,
  forms: readonly [T, ...T[]],
): T {
  const ranges = (accept ?? '').split(',').map(rangeOf).filter(isRange);
  if (ranges.length === 0) return forms[0];
  const quality = (form: string) => qualityOf(form, ranges);
  const best = forms.reduce((one, other) => (quality(other) > quality(one) ? other : one));
  if (quality(best) > 0) return best;
  throw new ParallaxError(
    'input/not-acceptable',
    `accept: ${JSON.stringify(String(accept).slice(0, 200))} matches no representation; available are ${forms.join(', ')}`,
  );
}

/** Less than any difference of qualities, which have three digits. */
const SPECIFICITY = 1e-4;

/** Quality by the most specific matching range; 0 without one. */
function qualityOf(form: string, ranges: readonly Range[]): number {
  const group = `${form.slice(0, form.indexOf('/'))}/*`;
  for (const [less, wanted] of [form, group, '*/*'].entries()) {
    const range = ranges.find(({ type }) => type === wanted);
    if (range !== undefined) return range.quality && range.quality - less * SPECIFICITY;
  }
  return 0;
}

function rangeOf(text: string): Range | undefined {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  if (!/^[^\s/]+\/[^\s/]+$/.test(type)) return undefined;
  const quality = parameters.find((each) => /^q\s*=\s*[01](\.\d{0,3})?$/.test(each));
  return { type, quality: Math.min(Number(quality?.split('=')[1] ?? 1), 1) };
}

function isRange(range: Range | undefined): range is Range {
  return range !== undefined;
}
