// Refusals of words that are not known, with the nearest that are.
import { nearest } from '../config/suggest.ts';
import { inputError, type ParallaxError } from '../runtime/errors.ts';

/** `; did you mean NEAREST?`, or nothing when no word is near. */
export function didYouMean(word: string, known: readonly string[]): string {
  const near = nearest(word, known);
  return near === undefined ? '' : `; did you mean ${near}?`;
}

/** For a value that is none of an enumeration's. */
export function unknownValue(flag: string, value: string, known: readonly string[]): ParallaxError {
  return inputError(
    `${flag} does not take ${JSON.stringify(value)}; use ${listed(known)}${didYouMean(value, known)}`,
  );
}

export function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}
