// FlowFilters written as JSON: what `--allowlist` takes and `--print-raw-filters` shows.
import { fromJson, toJsonLine } from '../json.ts';
import { exactNumbers } from '../json-text.ts';
import { protojsonProblem } from '../protojson.ts';
import { FlowFilter } from '../schema.gen.ts';
import { invalid } from './values.ts';

/** Reads several filters written one after another in one text. Unknown fields are refused. */
export function filtersFromJson(text: string): FlowFilter[] {
  const filters: FlowFilter[] = [];
  for (const piece of jsonPieces(text)) {
    const refuse = (why: string) => invalid(`failed to decode '${piece}': ${why}`);
    const problem = protojsonProblem(FlowFilter, piece, { discardUnknown: false });
    if (problem !== undefined) throw refuse(problem.message);
    try {
      filters.push(fromJson(FlowFilter, JSON.parse(exactNumbers(piece)), { strict: true }));
    } catch (error) {
      throw refuse(error instanceof Error ? error.message : String(error));
    }
  }
  return filters;
}

/** Splits concatenated JSON objects at the end of each; what is no object stays one piece, to be refused. */
function* jsonPieces(text: string): Generator<string> {
  let depth = 0;
  let inString = false;
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (inString) {
      if (char === '\\') at++;
      else if (char === '"') inString = false;
    } else if (char === '"') {
      inString = true;
    } else if (char === '{' || char === '[') {
      depth++;
    } else if ((char === '}' || char === ']') && --depth === 0) {
      yield text.slice(start, at + 1).trim();
      start = at + 1;
    }
  }
  const rest = text.slice(start).trim();
  if (rest !== '') yield rest;
}

/** The YAML of `--print-raw-filters`: two lists of JSON strings, `{}` when there are none. */
export function rawFilters(
  whitelist: readonly FlowFilter[],
  blacklist: readonly FlowFilter[],
): string {
  const list = (name: string, filters: readonly FlowFilter[]) =>
    filters.length === 0
      ? ''
      : `${name}:\n${filters.map((filter) => `    - ${yamlString(filter)}\n`).join('')}`;
  return list('allowlist', whitelist) + list('denylist', blacklist) || '{}\n';
}

function yamlString(filter: FlowFilter): string {
  return `'${toJsonLine(FlowFilter, filter).replaceAll("'", "''")}'`;
}
