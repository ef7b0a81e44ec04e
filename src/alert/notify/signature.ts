// Signature over the time and the exact body, against tampering and replay. docs/alerts.md shows how to verify it.
import { createHmac } from 'node:crypto';

export const SIGNATURE_HEADER = 'x-parallax-signature';

/** `t=SECONDS,v1=HEX`: HMAC-SHA256 of `SECONDS.BODY` under the secret. */
export function signatureOf(secret: string, body: string, seconds: number): string {
  const mac = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex');
  return `t=${seconds},v1=${mac}`;
}
