// Authentication of gRPC calls by client certificate or token; without tokens every call is anonymous.
import { ParallaxError } from '../../runtime/errors.ts';
import type { Tokens } from '../auth.ts';
import { ANONYMOUS, type Principal } from '../principal.ts';
import type { CallMetadata } from './calls.ts';

const AS_PASSWORD =
  'hubble sends it over TLS, by --basic-auth-username parallax --basic-auth-password TOKEN';

/** `certificates`: the server requires and verifies client certificates. */
export function callPrincipal(
  tokens: Tokens,
  certificates: boolean,
): (call: CallMetadata) => Principal {
  return (call) => {
    const [authorization] = call.metadata.get('authorization');
    const subject = certificates ? call.getAuthContext().sslPeerCertificate?.subject : undefined;
    if (subject !== undefined && authorization === undefined)
      return { name: `certificate ${subject.CN || 'without a name'}` };
    if (!tokens.needed) return ANONYMOUS;
    try {
      return tokens.principalOf(bearer(authorization?.toString()));
    } catch (error) {
      if (authorization !== undefined || !(error instanceof ParallaxError)) throw error;
      throw new ParallaxError(error.code, `${error.message}; ${AS_PASSWORD}`);
    }
  };
}

/** `hubble` sends only a user name and a password: the password is the token, the name is ignored. */
function bearer(authorization: string | undefined): string | undefined {
  const [, encoded] = /^Basic +(\S+) *$/i.exec(authorization ?? '') ?? [];
  if (encoded === undefined) return authorization;
  const pair = Buffer.from(encoded, 'base64').toString();
  return `Bearer ${pair.slice(pair.indexOf(':') + 1)}`;
}
