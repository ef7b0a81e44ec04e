// Names the parameter of an invalid filter. Filters are compiled together by code that knows no parameters, so after an
// error each parameter is compiled alone.

import { filtersOf } from '../../query/request/fields.ts';
import { compileSql } from '../../query/sql/compile.ts';
import { inputError, ParallaxError } from '../../runtime/errors.ts';

/** The same error with the name of the parameter that causes it, if one alone does. */
export function withField(error: unknown, input: unknown): unknown {
  const refused = error instanceof ParallaxError && error.code === 'input/invalid';
  if (!refused || error.field !== undefined) return error;
  if (typeof input !== 'object' || input === null) return error;
  for (const [name, value] of Object.entries(input)) {
    const own = refusalOf({ [name]: value });
    if (own instanceof ParallaxError && own.field !== undefined) return own;
    if (own !== undefined)
      return inputError(`${name}: ${own.message}`, { field: name, cause: own });
  }
  return error;
}

function refusalOf(input: object): Error | undefined {
  try {
    const { whitelist, blacklist } = filtersOf(input);
    compileSql(whitelist, blacklist);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : undefined;
  }
}
