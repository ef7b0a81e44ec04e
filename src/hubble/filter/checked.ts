// Checks on filters from any origin (flags, JSON, gRPC) before they are compiled.
import { inputError } from '../../runtime/errors.ts';
import type { FlowFilter } from '../proto/schema.gen.ts';

/** Longer than any name, address, pattern or header that a flow can have. */
export const MAX_VALUE_CHARS = 8192;

/**
 * The same filters, frozen through and through: what is compiled keeps looking at them. Throws `input/invalid` with the
 * field's name for a text that no flow could match and no engine should be given.
 */
export function checked(filters: readonly FlowFilter[]): readonly FlowFilter[] {
  for (const filter of filters)
    for (const [field, value] of Object.entries(filter)) check(field, value);
  return frozen(filters);
}

/** Freezes the filters and all that is in them, and gives them back. */
export function frozen(filters: readonly FlowFilter[]): readonly FlowFilter[] {
  freeze(filters);
  return filters;
}

function check(field: string, value: unknown): void {
  if (typeof value === 'string') {
    if (value.length <= MAX_VALUE_CHARS) return;
    throw inputError(
      `invalid ${field} filter: a text of ${value.length} characters, at most ${MAX_VALUE_CHARS} are taken`,
    );
  }
  if (isContainer(value)) for (const each of Object.values(value)) check(field, each);
}

function freeze(value: unknown): void {
  if (!isContainer(value) || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const each of Object.values(value)) freeze(each);
}

/** Views of bytes are none: they cannot be frozen, and hold only what no rule reads. */
function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !ArrayBuffer.isView(value);
}
