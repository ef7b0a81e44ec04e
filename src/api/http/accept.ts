// Which of the forms that an answer has a client takes, by its header `accept` (RFC 9110, section 12.5.1).
import { ParallaxError } from '../../runtime/errors.ts';

interface Range {
  readonly type: string;
  readonly quality: number;
}

/**
 * The form that is liked best; among equals one that is named itself, then the one that stands first. `forms` are media
 * types. Throws `input/not-acceptable`.
 */
export function acceptedForm<const T extends string>(
  accept: string | undefined,
  forms: readonly [T, ...T[]],
): T {
  const ranges = (accept ?? '').split(',').map(rangeOf).filter(isRange);
  if (ranges.length === 0) return forms[0];
  const liking = (form: string) => likingOf(form, ranges);
  const best = forms.reduce((one, other) => (liking(other) > liking(one) ? other : one));
  if (liking(best) > 0) return best;
  throw new ParallaxError(
    'input/not-acceptable',
    `accept: ${JSON.stringify(String(accept).slice(0, 200))} names no form of this answer; it comes as ${forms.join(', ')}`,
  );
}

/** Qualities have three digits: what is more exact counts less than any of them. */
const EXACTNESS = 1e-4;

/** By the most exact range that takes it in; 0 without one. */
function likingOf(form: string, ranges: readonly Range[]): number {
  const group = `${form.slice(0, form.indexOf('/'))}/*`;
  for (const [less, wanted] of [form, group, '*/*'].entries()) {
    const range = ranges.find(({ type }) => type === wanted);
    if (range !== undefined) return range.quality && range.quality - less * EXACTNESS;
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
