// FlowFilters as JSON: `--allowlist`, `--denylist` and `--print-raw-filters`.
import { inputError } from '../../runtime/errors.ts';
import { toJsonLine } from '../json/json.ts';
import { readProtojson } from '../json/protojson.ts';
import { FlowFilter } from '../proto/schema.gen.ts';
import { goJsonValues } from './go-json.ts';
import { yamlString } from './yaml-string.ts';

/** Reads several filters written one after another in one text. Unknown fields are refused. */
export function filtersFromJson(text: string): FlowFilter[] {
  const filters: FlowFilter[] = [];
  try {
    for (const json of goJsonValues(text))
      filters.push(readProtojson(FlowFilter, json, { discardUnknown: false }));
  } catch (error) {
    throw inputError(
      `failed to decode '${text}': ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  return filters;
}

/** The YAML of `--print-raw-filters`: two lists of JSON strings, `{}` when there are none. */
export function rawFilters(
  whitelist: readonly FlowFilter[],
  blacklist: readonly FlowFilter[],
): string {
  const list = (name: string, filters: readonly FlowFilter[]) =>
    filters.length === 0
      ? ''
      : `${name}:\n${filters.map((filter) => `    - ${yamlString(toJsonLine(FlowFilter, filter))}\n`).join('')}`;
  return list('allowlist', whitelist) + list('denylist', blacklist) || '{}\n';
}
