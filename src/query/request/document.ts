import type { z } from 'zod';

type Frozen<T> = T extends readonly (infer E)[]
  ? readonly Frozen<E>[]
  : T extends object
    ? { readonly [K in keyof T]: Frozen<T[K]> }
    : T;

/** The document that a schema of the API describes. */
export type Document<S extends z.ZodType> = Frozen<z.output<S>>;
