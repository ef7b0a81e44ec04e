// How what is posted is signed: the moment and the exact bytes of the body, so that neither can be changed or used again
// later. docs/alerts.md says how a receiver checks it.
import { createHmac } from 'node:crypto';

export const SIGNATURE_HEADER = 'x-parallax-signature';

/** `t=SECONDS,v1=HEX`: HMAC-SHA256 of `SECONDS.BODY` under the secret. */
export function signatureOf(secret: string, body: string, seconds: number): string {
  const mac = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex');
  return `t=${seconds},v1=${mac}`;
}
