// What goes wrong with a relay, classified once: Node's error codes and gRPC's status codes become an error of ours
// that names the relay, the cause and the cure. Never by message text.
import { type ErrorCode, ParallaxError } from '../../runtime/errors.ts';
import { ConnectFailure, GrpcStatus } from './grpc-connection.ts';

/** Why a stream or a call failed; label of the reconnect counter. */
export type RelayFailureCause =
  | 'ended'
  | 'connect'
  | 'tls'
  | 'timeout'
  | 'lost'
  | 'status'
  | 'refused'
  | 'silent'
  | 'silent-node'
  | 'other-nodes'
  | 'unhealthy'
  | 'goaway'
  | 'malformed'
  | 'republish';

export class RelayError extends ParallaxError {
  readonly reason: RelayFailureCause;

  constructor(code: ErrorCode, reason: RelayFailureCause, message: string, cause?: unknown) {
    super(code, message, cause === undefined ? undefined : { cause });
    this.name = 'RelayError';
    this.reason = reason;
  }
}

export interface RelayPlace {
  readonly cluster: string;
  /** As it stands in the configuration. */
  readonly address: string;
  readonly tls: boolean;
  /** The name the certificate must have. */
  readonly serverName: string;
}

interface Verdict {
  readonly code: ErrorCode;
  readonly reason: RelayFailureCause;
  readonly says: string;
}

export function relayError(place: RelayPlace, error: unknown): RelayError {
  if (error instanceof RelayError) return error;
  const { code, reason, says } = verdict(place, error);
  const message = `relay ${place.address} of cluster ${place.cluster}: ${says}`;
  return new RelayError(code, reason, message, error);
}

function verdict(place: RelayPlace, error: unknown): Verdict {
  if (error instanceof GrpcStatus) return statusVerdict(error);
  if (error instanceof ConnectFailure) return connectVerdict(place, error);
  if (error instanceof ParallaxError) {
    return { code: error.code, reason: 'malformed', says: error.message };
  }
  const code = codeOf(error);
  const text = error instanceof Error ? error.message : String(error);
  const network = NETWORK[code];
  if (network !== undefined) {
    return { code: 'relay/unavailable', reason: 'connect', says: `${network} (${code})` };
  }
  const certificate = CERTIFICATE[code];
  if (certificate !== undefined) {
    const says = certificate.replaceAll('NAME', place.serverName);
    return { code: 'relay/tls', reason: 'tls', says: `${says} (${code})` };
  }
  if (code.startsWith('ERR_SSL_') || code.startsWith('ERR_OSSL_') || code === 'EPROTO') {
    return {
      code: 'relay/tls',
      reason: 'tls',
      says: `the TLS handshake failed: ${text} (${code})`,
    };
  }
  if (code === 'ERR_HTTP2_ERROR' && !place.tls) return plaintext(code);
  const what = code === '' ? text : `${text} (${code})`;
  return { code: 'relay/unavailable', reason: 'lost', says: `the connection was lost: ${what}` };
}

const NETWORK: Readonly<Record<string, string>> = {
  ECONNREFUSED:
    'connection refused: nothing listens there; check the port, and that the relay is running',
  ENOTFOUND: 'the host name is not known; check the address, and that this machine’s DNS knows it',
  EAI_AGAIN: 'the name server did not answer; it is tried again',
  EHOSTUNREACH: 'no route to the host; check the address and the network policies in between',
  ENETUNREACH: 'no route to the network; check the address and the network policies in between',
  ETIMEDOUT: 'no answer; check the address and the network policies in between',
};

const CERTIFICATE: Readonly<Record<string, string>> = {
  SELF_SIGNED_CERT_IN_CHAIN:
    'the certificate is signed by an authority that is not trusted here; set tls.ca to the file of the authority that signed it',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    'the certificate’s authority is not known here; set tls.ca to the file of the authority that signed it',
  UNABLE_TO_GET_ISSUER_CERT:
    'the certificate’s authority is not known here; set tls.ca to a file with the whole chain',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'the certificate was not signed by a trusted authority; set tls.ca to the file of the authority that signed it',
  CERT_SIGNATURE_FAILURE:
    'the certificate was not signed by the authority in tls.ca; set tls.ca to the file of the authority that did',
  DEPTH_ZERO_SELF_SIGNED_CERT:
    'the certificate is self-signed; set tls.ca to that certificate, or give the relay one from an authority',
  CERT_HAS_EXPIRED: 'the certificate has expired; renew the relay’s certificate',
  CERT_NOT_YET_VALID: 'the certificate is not valid yet; compare the clocks of both machines',
  CERT_REVOKED: 'the certificate was revoked; renew the relay’s certificate',
  ERR_TLS_CERT_ALTNAME_INVALID:
    'the certificate is not for the name “NAME”; set tls.serverName to a name in it, e.g. ui.hubble-relay.cilium.io',
  ERR_SSL_WRONG_VERSION_NUMBER:
    'the other side does not speak TLS; use the address without tls:// and without a tls section, or the relay’s TLS port',
  ERR_SSL_PACKET_LENGTH_TOO_LONG:
    'the other side does not speak TLS; use the address without tls:// and without a tls section, or the relay’s TLS port',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED:
    'the relay asks for a client certificate; set tls.cert and tls.key',
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA:
    'the relay does not trust the client certificate; use one signed by the authority the relay was given',
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE:
    'the relay refused the handshake; it may ask for a client certificate: set tls.cert and tls.key',
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE:
    'the relay refused the client certificate; use one signed by the authority the relay was given',
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    'the client certificate has expired; renew the files of tls.cert and tls.key',
  ERR_SSL_TLSV1_ALERT_DECRYPT_ERROR:
    'the relay could not check the client certificate; tls.cert and tls.key may be of another authority',
  ERR_OSSL_X509_KEY_VALUES_MISMATCH:
    'tls.key is not the key of tls.cert; give the two files of one certificate',
  ERR_OSSL_PEM_NO_START_LINE:
    'a file of the tls section holds no PEM; expected text with -----BEGIN CERTIFICATE----- or a private key',
  ENOENT: 'a file of the tls section does not exist; mount it or correct the path',
  EACCES: 'a file of the tls section may not be read; correct its owner or mode',
};

function connectVerdict(place: RelayPlace, error: ConnectFailure): Verdict {
  switch (error.code) {
    case 'CONNECT_TIMEOUT':
      return {
        code: 'relay/unavailable',
        reason: 'timeout',
        says: `${error.message}; check the address, whether it is a gRPC port, and what is in between`,
      };
    case 'CLOSED_EARLY':
      return place.tls
        ? {
            code: 'relay/unavailable',
            reason: 'connect',
            says: 'the connection was closed before HTTP/2 began; the relay may be starting, refuse the client certificate or its absence, or not speak TLS there',
          }
        : plaintext('closed before HTTP/2 began');
    case 'LOST':
      return {
        code: 'relay/unavailable',
        reason: 'lost',
        says: `the connection was lost: ${error.message}`,
      };
    case 'ABORTED':
      return { code: 'relay/unavailable', reason: 'ended', says: error.message };
    default:
      return error.code satisfies never;
  }
}

function plaintext(detail: string): Verdict {
  return {
    code: 'relay/unavailable',
    reason: 'connect',
    says: `it does not speak plaintext HTTP/2 (${detail}); if the relay uses TLS, write the address as tls://host:port`,
  };
}

/** gRPC status codes: https://grpc.io/docs/guides/status-codes/ */
function statusVerdict({ status, message }: GrpcStatus): Verdict {
  const text = message === '' ? '' : `: ${message}`;
  switch (status) {
    case 4:
      return {
        code: 'relay/unavailable',
        reason: 'timeout',
        says: `deadline exceeded${text}; the relay may be overloaded`,
      };
    case 7:
      return {
        code: 'relay/refused',
        reason: 'refused',
        says: `permission denied${text}; the client certificate, or a proxy in between, does not allow this`,
      };
    case 12:
      return {
        code: 'relay/refused',
        reason: 'refused',
        says: `the server does not know Hubble’s Observer${text}; is this the address of a Hubble Relay?`,
      };
    case 16:
      return {
        code: 'relay/refused',
        reason: 'refused',
        says: `not authenticated${text}; the relay, or a proxy in between, asks for a client certificate: set tls.cert and tls.key`,
      };
    case 3:
      return {
        code: 'relay/refused',
        reason: 'refused',
        says: `the request was refused${text}; check the cluster’s nodes patterns`,
      };
    case 14:
      return { code: 'relay/unavailable', reason: 'lost', says: `unavailable${text}` };
    default:
      return {
        code: 'relay/unavailable',
        reason: 'status',
        says: `gRPC status ${STATUS_NAMES[status] ?? status}${text}`,
      };
  }
}

const STATUS_NAMES: Readonly<Record<number, string>> = {
  1: 'CANCELLED',
  2: 'UNKNOWN',
  5: 'NOT_FOUND',
  6: 'ALREADY_EXISTS',
  8: 'RESOURCE_EXHAUSTED',
  9: 'FAILED_PRECONDITION',
  10: 'ABORTED',
  11: 'OUT_OF_RANGE',
  13: 'INTERNAL',
  15: 'DATA_LOSS',
};

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}
