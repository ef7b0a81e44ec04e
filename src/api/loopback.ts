/** The host of `HOST:PORT` or of a `host` header, without the brackets of IPv6. */
export function hostOf(address: string): string {
  return address
    .replace(/:\d*$/, '')
    .replace(/^\[|\]$/g, '')
    .toLowerCase();
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
