import { z } from 'zod';
import { duration } from '../../config/values.ts';
import { eventFields, receiverName, retryFields, uniqueNames } from './receiver-config.ts';

const webhookConfig = z
  .strictObject({
    name: receiverName,
    url: z
      .url({
        protocol: /^https?$/,
        error: 'expected a URL such as https://alerts.example/parallax',
      })
      .refine((url) => !/^[^/]*\/\/[^/?#]*@/.test(url), 'put user and password into headers')
      .meta({ secret: true })
      .describe('URL that events are posted to. Redirects are not followed.'),
    secret: z
      .string()
      .min(16, 'expected 16 characters or more')
      .optional()
      .describe('Secret for signing events; prefer `secretFile`.'),
    secretFile: z
      .string()
      .min(1)
      .optional()
      .describe('File with the secret; read for every attempt.'),
    ...eventFields,
    headers: z
      .record(
        z.string().regex(/^[A-Za-z0-9-]+$/, 'expected a header name'),
        z.string().regex(/^[\t\x20-\x7e]*$/, 'expected printable ASCII'),
      )
      .default({})
      .meta({ secret: true })
      .describe('Additional headers, such as `authorization`.'),
    ca: z
      .string()
      .min(1)
      .optional()
      .describe('PEM file of CA certificates; those of the system when left out.'),
    timeout: duration.prefault('10s').describe('Time limit of one attempt, response included.'),
    ...retryFields,
  })
  .refine(
    ({ secret, secretFile }) => (secret === undefined) !== (secretFile === undefined),
    'give secret or secretFile: events are signed',
  );

export type WebhookConfig = z.output<typeof webhookConfig>;

export const webhooksConfig = z
  .array(webhookConfig)
  .superRefine(uniqueNames('webhooks'))
  .default([])
  .describe('Receivers of incident events by HTTP; see docs/alerts.md.');
