// JSON of requests, no deeper than allowed: looked at before it is parsed, since whatever walks the value later may call
// itself for each level.
import { inputError } from '../../runtime/errors.ts';

/** Throws `input/invalid` for a deeper text, and for one that is no JSON. An empty one is nothing. */
export function parseJson(text: string, maxDepth: number): unknown {
  if (text.trim() === '') return undefined;
  checkDepth(text, maxDepth);
  if (text.trim() === 'null')
    throw inputError('the body is null; send an object, or no body at all');
  try {
    return JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw inputError(`the body is no JSON: ${why}`, { cause: error });
  }
}

/** Throws `input/invalid` when lists and objects stand deeper in each other. */
export function checkDepth(text: string, maxDepth: number): void {
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (quoted) {
      if (char === BACKSLASH) at++;
      else if (char === QUOTE) quoted = false;
    } else if (char === QUOTE) quoted = true;
    else if (char === BRACE || char === BRACKET) {
      if (++depth > maxDepth)
        throw inputError(
          `the JSON is nested deeper than the ${maxDepth} levels allowed (api.maxDepth)`,
        );
    } else if (char === BRACE + 2 || char === BRACKET + 2) depth--;
  }
}

const [QUOTE, BACKSLASH, BRACE, BRACKET] = [0x22, 0x5c, 0x7b, 0x5b] as const;
