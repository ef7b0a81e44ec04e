// Configuration of the log.
import { z } from 'zod';

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

export const logConfig = z.object({
  level: z
    .enum(LOG_LEVELS)
    .default('info')
    .describe('Least severe level that is logged; `silent` logs nothing.'),
  format: z
    .enum(['auto', 'json', 'text'])
    .default('auto')
    .describe(
      '`json` writes one object a line; `text` is for people; `auto` is text on a terminal, else json.',
    ),
});

export type LogConfig = z.infer<typeof logConfig>;
