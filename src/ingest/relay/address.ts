// The address of a relay as people write it: `host:port`, `[::1]:4245`, or `tls://host:port`.

export interface RelayAddress {
  readonly host: string;
  readonly port: number;
  /** The address itself asks for TLS. */
  readonly tls: boolean;
}

const ADDRESS = /^(?:(tls|tcp):\/\/)?(?:\[([0-9a-fA-F:.%\w]+)\]|([^\s:/[\]]+)):(\d{1,5})$/;

/** The parts of an address, or a sentence that says what is wrong with it and how it should look. */
export function parseRelayAddress(text: string): RelayAddress | string {
  const match = ADDRESS.exec(text);
  const port = Number(match?.[4]);
  const host = match?.[2] ?? match?.[3];
  if (match && host !== undefined && port >= 1 && port <= 65535) {
    return { host, port, tls: match[1] === 'tls' };
  }
  return `"${text}" is no relay address: ${problem(text, match, port)}, e.g. hubble-relay.kube-system:80 or tls://relay.example.com:443`;
}

function problem(text: string, match: RegExpExecArray | null, port: number): string {
  if (match) return `port ${port} is not between 1 and 65535`;
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1];
  if (scheme !== undefined && scheme !== 'tls' && scheme !== 'tcp') {
    return `scheme ${scheme}:// is not known, write host:port, or tls://host:port for TLS`;
  }
  if (text.split(':').length > 3 && !text.includes('[')) {
    return 'an IPv6 address needs brackets, as in [::1]:4245';
  }
  if (!/:\d+$/.test(text)) return 'the port is missing, write host:port';
  return 'write host:port, or tls://host:port for TLS';
}
