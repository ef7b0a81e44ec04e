// Messages have no keys for absent fields.

/** The object without the keys whose value is undefined. */
export function present<T extends object>(fields: T): T {
  const out: Partial<T> = {};
  for (const key in fields) {
    if (fields[key] !== undefined) out[key] = fields[key];
  }
  // Only optional keys can be undefined.
  return out as T;
}
