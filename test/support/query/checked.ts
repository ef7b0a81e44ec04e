// Holds documents against the schemas that their routes declare: what is not declared is as wrong as what is missing.
import { expect } from 'vitest';
import type { z } from 'zod';

export function checkDocument(schema: z.ZodType, document: unknown): void {
  // As it goes out: what is undefined does not.
  const sent: unknown = JSON.parse(JSON.stringify(document));
  expect(schema.parse(sent)).toEqual(sent);
}
