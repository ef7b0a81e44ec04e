// The webhook notifier: posts events as signed JSON.

import { readFile } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import type { Clock } from '../../runtime/clock.ts';
import { ParallaxError } from '../../runtime/errors.ts';
import { HOUR_MS } from '../../runtime/time.ts';
import type { Notifier, Outcome } from './notifier.ts';
import { post } from './post.ts';
import { wantsEvent } from './receiver-config.ts';
import { SIGNATURE_HEADER, signatureOf } from './signature.ts';
import type { WebhookConfig } from './webhook-config.ts';

/** Statuses that a retry would not change: the event itself is refused. */
const REFUSALS: ReadonlySet<number> = new Set([400, 410, 413, 415, 422]);
const MAX_RETRY_AFTER_MS = HOUR_MS;

export interface WebhookDeps {
  readonly clock: Clock;
  /** For the header `user-agent`. */
  readonly version: string;
}

export function createWebhook(config: WebhookConfig, { clock, version }: WebhookDeps): Notifier {
  const url = new URL(config.url);
  const options = { keepAlive: true, maxSockets: config.concurrency, timeout: config.timeout };
  let agent: http.Agent | https.Agent = new http.Agent(options);

  const secretOf = async () => {
    if (config.secretFile === undefined) return config.secret ?? '';
    const secret = (await readFile(config.secretFile, 'utf8')).trim();
    if (secret === '') throw new Error('the file is empty');
    return secret;
  };

  return {
    name: config.name,
    policy: config,

    async check() {
      const at = `alert.webhooks: ${config.name}:`;
      await secretOf().catch((error: unknown) => {
        throw unreadable(`${at} secretFile ${config.secretFile} cannot be read`, error);
      });
      if (url.protocol !== 'https:') return;
      const ca =
        config.ca === undefined
          ? undefined
          : await readFile(config.ca).catch((error) => {
              throw unreadable(`${at} ca ${config.ca} cannot be read`, error);
            });
      agent = new https.Agent({ ...options, ...(ca && { ca }) });
    },

    wants: wantsEvent(config),

    async send(event, signal): Promise<Outcome> {
      const body = JSON.stringify(event);
      try {
        const seconds = Math.floor(clock.now() / 1000);
        const headers = {
          'user-agent': `parallax/${version}`,
          ...lowerCased(config.headers),
          'content-type': 'application/json',
          'idempotency-key': event.key,
          [SIGNATURE_HEADER]: signatureOf(await secretOf(), body, seconds),
        };
        const { timeout: timeoutMs } = config;
        const response = await post({ url, body, headers, timeoutMs, agent }, signal);
        return outcomeOf(response.status, response.retryAfter, clock.now());
      } catch (error) {
        return { kind: 'failed', status: 0, reason: error instanceof Error ? error.message : '' };
      }
    },

    close: () => agent.destroy(),
  };
}

function outcomeOf(status: number, retryAfter: string | undefined, nowMs: number): Outcome {
  if (status >= 200 && status < 300) return { kind: 'taken', status };
  const redirect = status >= 300 && status < 400 ? ', redirects are not followed' : '';
  const reason = `status ${status}${redirect}`;
  if (REFUSALS.has(status)) return { kind: 'refused', status, reason };
  const retryAfterMs = retryAfterOf(retryAfter, nowMs);
  return { kind: 'failed', status, reason, ...(retryAfterMs !== undefined && { retryAfterMs }) };
}

/** Milliseconds of a Retry-After header: seconds or a date (RFC 9110); undefined when it is neither. */
export function retryAfterOf(text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined) return undefined;
  const ms = /^\d+$/.test(text.trim()) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  return Number.isNaN(ms) ? undefined : Math.min(MAX_RETRY_AFTER_MS, Math.max(0, ms));
}

function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
}

function unreadable(text: string, cause: unknown): ParallaxError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new ParallaxError('config/invalid', `${text}: ${reason}`, { cause });
}
