// Schemas of filter flags for the OpenAPI document. They validate nothing: the parser of the flags does, and a test
// compares the two.
import { filterOf } from '../../hubble/filter/catalogue.ts';
import type { FlagForm } from '../../hubble/filter/form.ts';

const SWITCH: FlagForm = { enum: ['true', 'false', ''], boolean: true };

/** What a flag is called without its direction, where that has a form; undefined: any text. */
export function formOf(
  flag: string,
): { readonly name: string; readonly form: FlagForm } | undefined {
  const filter = filterOf(flag)?.filter;
  if (filter?.bare) return { name: 'switch', form: SWITCH };
  return filter?.form && { name: filter.name, form: filter.form };
}

/** By the name that `formOf` gives. */
export function formNamed(name: string): FlagForm | undefined {
  return name === 'switch' ? SWITCH : filterOf(name)?.filter.form;
}

/** The part of a form that a schema of text takes. */
export function textForm({ number: _, boolean: __, ...text }: FlagForm): Record<string, unknown> {
  return text;
}
