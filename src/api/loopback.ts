// Whether an address is of this host only.

/** The host of `HOST:PORT`, or of a `host` header; brackets of IPv6 left out. */
export function hostOf(address: string): string {
  return address
    .replace(/:\d*$/, '')
    .replace(/^\[|\]$/g, '')
    .toLowerCase();
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
