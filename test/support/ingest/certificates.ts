// Certificates for a test run, made with openssl into a directory that goes with the test.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Certificates {
  readonly dir: string;
  /** Path of a file made here. */
  file(name: string): string;
  read(name: string): string;
  remove(): void;
}

/**
 * Two authorities, `ca` and `other`; `relay` (for relay.test) and `client` signed by `ca`, `stranger` by `other`,
 * `expired` by `ca` long ago. Each as NAME.pem and NAME.key.
 */
export function makeCertificates(): Certificates {
  const dir = mkdtempSync(join(tmpdir(), 'parallax-tls-'));
  const openssl = (...args: string[]) =>
    execFileSync('openssl', args, { cwd: dir, stdio: ['ignore', 'pipe', 'pipe'] });
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  for (const ca of ['ca', 'other']) {
    openssl(
      'req',
      '-x509',
      ...ec,
      '-days',
      '2',
      '-subj',
      `/CN=${ca}`,
      '-keyout',
      `${ca}.key`,
      '-out',
      `${ca}.pem`,
    );
  }
  const signed = (name: string, ca: string, host: string, ...days: string[]) => {
    openssl('req', ...ec, '-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.csr`);
    writeFileSync(join(dir, `${name}.ext`), `subjectAltName=DNS:${host}\n`);
    openssl(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      '-CA',
      `${ca}.pem`,
      '-CAkey',
      `${ca}.key`,
      '-CAcreateserial',
      '-extfile',
      `${name}.ext`,
      '-out',
      `${name}.pem`,
      ...days,
    );
  };
  signed('relay', 'ca', 'relay.test', '-days', '2');
  signed('client', 'ca', 'client.test', '-days', '2');
  signed('stranger', 'other', 'client.test', '-days', '2');
  signed('expired', 'ca', 'relay.test', '-days', '-1');
  return {
    dir,
    file: (name) => join(dir, name),
    read: (name) => readFileSync(join(dir, name), 'utf8'),
    remove: () => rmSync(dir, { recursive: true }),
  };
}
