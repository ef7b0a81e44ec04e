// Cache of documents about closed windows, bounded by bytes. Keys include the scope of the principal.
import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';

export interface CachedDocument {
  /** The document as JSON. */
  readonly body: string;
  readonly etag: string;
  /** Milliseconds since 1970. */
  readonly madeAt: number;
}

export interface AnswerCacheOptions {
  readonly size: number;
  readonly maxAge: number;
  /** Called with the size of the cache when it changes. */
  readonly bytes: (kept: number) => void;
}

export class AnswerCache {
  private readonly kept: LRUCache<string, CachedDocument> | undefined;
  private readonly bytes: (kept: number) => void;

  constructor({ size, maxAge, bytes }: AnswerCacheOptions) {
    this.bytes = bytes;
    if (size === 0 || maxAge === 0) return;
    this.kept = new LRUCache({
      maxSize: size,
      ttl: maxAge,
      sizeCalculation: ({ body }, key) => body.length * 2 + key.length * 2 + 200,
    });
  }

  get(key: string): CachedDocument | undefined {
    return this.kept?.get(key);
  }

  set(key: string, document: CachedDocument): void {
    this.kept?.set(key, document);
    this.bytes(this.kept?.calculatedSize ?? 0);
  }
}

/** A weak tag: the cost differs each time and is not part of it. */
export function etagOf(document: object): string {
  const hash = createHash('sha256').update(JSON.stringify(document)).digest('base64url');
  return `W/"${hash.slice(0, 27)}"`;
}

/** Whether an `if-none-match` header names the tag. */
export function matches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  const bare = (tag: string) => tag.trim().replace(/^W\//, '');
  return header.split(',').some((each) => each.trim() === '*' || bare(each) === bare(etag));
}
