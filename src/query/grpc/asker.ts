// Who makes a call: a client with a certificate of ours, or one with a token; without tokens, whoever reaches the port.
import { ANONYMOUS, type Asker } from '../http/asker.ts';
import type { Tokens } from '../http/auth.ts';
import type { AskingCall } from './calls.ts';

/** `certificates`: clients had to show one that was checked. */
export function askerBy(tokens: Tokens, certificates: boolean): (call: AskingCall) => Asker {
  return (call) => {
    const [authorization] = call.metadata.get('authorization');
    const subject = certificates ? call.getAuthContext().sslPeerCertificate?.subject : undefined;
    if (subject !== undefined && authorization === undefined)
      return { name: `certificate ${subject.CN || 'without a name'}` };
    if (!tokens.needed) return ANONYMOUS;
    return tokens.askerOf(authorization?.toString());
  };
}
