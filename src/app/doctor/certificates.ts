// Validity of certificates: those that relays present, and the configured files.

import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import tls from 'node:tls';
import type { ClusterConfig } from '../../ingest/config.ts';
import { parseRelayAddress } from '../../ingest/relay/address.ts';
import type { Finding } from '../../query/doctor/finding.ts';
import type { Clock } from '../../runtime/clock.ts';
import { DAY_MS } from '../../runtime/time.ts';

/** Cilium's own certificates live for a year or three and are renewed well before this. */
const SOON_MS = 14 * DAY_MS;
const CONNECT_MS = 5000;

interface Certificate {
  readonly what: string;
  readonly subject: string;
  /** Milliseconds since 1970. */
  readonly from: number;
  readonly to: number;
}

export async function certificateFindings(
  clusters: readonly ClusterConfig[],
  clock: Clock,
): Promise<Finding[]> {
  const findings = await Promise.all(
    clusters.map(async (cluster) => {
      const certificates = [
        ...(await presented(cluster)),
        ...(await fromFile(cluster.tls?.ca, 'the authority of tls.ca')),
        ...(await fromFile(cluster.tls?.cert, 'the client certificate of tls.cert')),
      ];
      return [
        ...certificates.map((each) => judge(cluster, each, clock.now())),
        ...trustFindings(cluster),
      ];
    }),
  );
  return findings.flat();
}

function judge(cluster: ClusterConfig, certificate: Certificate, now: number): Finding {
  const { what, subject, from, to } = certificate;
  const days = Math.floor((to - now) / DAY_MS);
  const evidence = `${subject}, valid from ${day(from)} to ${day(to)}`;
  const found = (severity: Finding['severity'], says: string, cure: string): Finding => ({
    check: 'certificates',
    severity,
    cluster: cluster.name,
    what: `${what} ${says}`,
    evidence,
    cure,
  });
  if (to < now) return found('problem', 'has expired', 'renew it');
  if (from > now)
    return found(
      'problem',
      'is not valid yet',
      'compare the clocks of this host and of the issuer',
    );
  if (to - now < SOON_MS)
    return found(
      'warning',
      `expires in ${days} days`,
      'renew it; see whether its automatic renewal works',
    );
  return found('ok', `is valid for ${days} days`, '');
}

function* trustFindings({ name, tls: settings }: ClusterConfig): Generator<Finding> {
  if (settings?.insecureSkipVerify === true)
    yield {
      check: 'certificates',
      severity: 'warning',
      cluster: name,
      what: 'the relay’s certificate is not checked',
      evidence: 'tls.insecureSkipVerify is true',
      cure: 'set tls.ca (and tls.serverName) instead: without them a man in the middle can read and change flows',
    };
}

/** The certificate of the relay; none when it is unreachable or plaintext, which other checks report. */
async function presented(cluster: ClusterConfig): Promise<Certificate[]> {
  const address = parseRelayAddress(cluster.relay);
  if (typeof address === 'string' || !(address.tls || cluster.tls !== undefined)) return [];
  const { host, port } = address;
  const servername = cluster.tls?.serverName ?? host;
  return new Promise((resolve) => {
    // Nothing is sent, so an untrusted certificate may be read.
    const socket = tls.connect({
      host,
      port,
      rejectUnauthorized: false,
      ALPNProtocols: ['h2'],
      ...(/^[\d.]+$|:/.test(servername) ? {} : { servername }),
    });
    const end = (certificates: Certificate[]) => {
      socket.destroy();
      resolve(certificates);
    };
    socket.setTimeout(CONNECT_MS, () => end([]));
    socket.once('error', () => end([]));
    socket.once('secureConnect', () => {
      const certificate = socket.getPeerX509Certificate();
      end(certificate ? [described(certificate, 'the relay’s certificate')] : []);
    });
  });
}

async function fromFile(path: string | undefined, what: string): Promise<Certificate[]> {
  if (path === undefined) return [];
  try {
    return [described(new X509Certificate(await readFile(path)), what)];
  } catch {
    // A file that cannot be read fails the relay's own check, with its name.
    return [];
  }
}

function described(certificate: X509Certificate, what: string): Certificate {
  return {
    what,
    subject: certificate.subject.replaceAll('\n', ', '),
    from: Date.parse(certificate.validFrom),
    to: Date.parse(certificate.validTo),
  };
}

function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
