/** The object without keys whose value is undefined: messages have no keys for absent fields. */
export function present<T extends object>(fields: T): T {
  const out: Partial<T> = {};
  for (const key in fields) {
    if (fields[key] !== undefined) out[key] = fields[key];
  }
  // Only optional keys can be undefined.
  return out as T;
}
