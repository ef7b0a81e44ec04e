// Path of a request URL as Go's net/url parses it; none for a URL that Go refuses.
import { parseAddress } from './address.ts';

/** The decoded path: of absolute URLs and absolute paths only, undefined for what Go refuses. */
export function pathOf(url: string): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what Go refuses
  if (url === '' || /[\x00-\x1f\x7f]/.test(url)) return undefined;
  if (url === '*') return '*';
  if (url.startsWith(':')) return undefined;
  const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(url);
  const behind = url.slice(scheme?.[0].length ?? 0);
  const query = behind.indexOf('?');
  let rest = query < 0 ? behind : behind.slice(0, query);
  // A URL with a scheme and no slash is opaque: its path is empty.
  if (!rest.startsWith('/')) return scheme === null ? undefined : '';
  if (scheme !== null && rest.startsWith('//')) {
    const slash = rest.indexOf('/', 2);
    const authority = rest.slice(2, slash < 0 ? undefined : slash);
    if (!isAuthority(authority, (scheme[1] ?? '').toLowerCase())) return undefined;
    rest = slash < 0 ? '' : rest.slice(slash);
  }
  return isEscaped(rest) ? unescaped(rest) : undefined;
}

const USER = /^[-A-Za-z0-9._:~!$&'()*+,;=%@]*$/;

function isAuthority(authority: string, scheme: string): boolean {
  const at = authority.lastIndexOf('@');
  if (!isHost(authority.slice(at + 1), scheme)) return false;
  const user = authority.slice(0, Math.max(at, 0));
  return USER.test(user) && isEscaped(user);
}

function isHost(host: string, scheme: string): boolean {
  const open = host.lastIndexOf('[');
  if (open > 0) return false;
  if (open === 0) return isBracketed(host);
  const colon = host.indexOf(':');
  if (colon >= 0) {
    // Only web URLs are held to one colon; databases list several hosts.
    const port = ['http', 'https'].includes(scheme) ? colon : host.lastIndexOf(':');
    if (!isPort(host.slice(port))) return false;
  }
  return isHostText(host);
}

/** `[::1]:80`, `[fe80::1%25en0]`. */
function isBracketed(host: string): boolean {
  const close = host.lastIndexOf(']');
  if (close < 0 || !isPort(host.slice(close + 1))) return false;
  const name = host.slice(1, close);
  const zone = name.indexOf('%25');
  const address = zone < 0 ? name : name.slice(0, zone);
  if (!isHostText(address) || (zone >= 0 && !isZone(name.slice(zone)))) return false;
  const known = parseAddress(unescaped(address) + (zone < 0 ? '' : unescaped(name.slice(zone))));
  return known !== undefined && known.bits === 128;
}

function isPort(text: string): boolean {
  return /^(?::[0-9]*)?$/.test(text);
}

/** ASCII allowed unescaped in a host. */
const HOST_CHAR = /^[-A-Za-z0-9_.~!$&'()*+,;=:[\]<>"]$/;

// In a host only what is not ASCII may be escaped, and the percent sign itself.
function isHostText(text: string): boolean {
  return isEscaped(text) && escapes(text, (code) => code >= 0x80 || code === 0x25);
}

function isZone(text: string): boolean {
  return (
    isEscaped(text) &&
    escapes(text, (code) => {
      return code === 0x25 || code === 0x20 || HOST_CHAR.test(String.fromCharCode(code));
    })
  );
}

/** All escapes are allowed ones, and all else may stand in a host. */
function escapes(text: string, allowed: (code: number) => boolean): boolean {
  for (const [piece] of text.matchAll(/%..|[\s\S]/g)) {
    if (piece.startsWith('%')) {
      if (!allowed(Number.parseInt(piece.slice(1), 16))) return false;
    } else if (piece < '\x80' && !HOST_CHAR.test(piece)) {
      return false;
    }
  }
  return true;
}

function isEscaped(text: string): boolean {
  return !/%(?![0-9a-fA-F]{2})/.test(text);
}

function unescaped(text: string): string {
  if (!text.includes('%')) return text;
  const bytes: number[] = [];
  const encoded = Buffer.from(text, 'utf8');
  for (let i = 0; i < encoded.length; i++) {
    const byte = encoded[i] ?? 0;
    if (byte === 37) {
      bytes.push(Number.parseInt(encoded.toString('latin1', i + 1, i + 3), 16));
      i += 2;
    } else {
      bytes.push(byte);
    }
  }
  return Buffer.from(bytes).toString('utf8');
}
