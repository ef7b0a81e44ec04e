// The methods of each path, so that a wrong method gets 405 and an unknown path 404.
import type { FastifyInstance } from 'fastify';

interface KnownPath {
  readonly pattern: RegExp;
  readonly methods: Set<string>;
}

export class KnownPaths {
  private readonly paths = new Map<string, KnownPath>();

  /** Records routes added after this call. */
  watch(app: FastifyInstance): void {
    app.addHook('onRoute', ({ url, method }) => {
      const known = this.paths.get(url) ?? { pattern: patternOf(url), methods: new Set() };
      for (const each of [method].flat()) known.methods.add(each);
      this.paths.set(url, known);
    });
  }

  /** Sorted; empty for an unknown path. */
  methodsOf(path: string): readonly string[] {
    for (const { pattern, methods } of this.paths.values())
      if (pattern.test(path)) return [...methods].sort();
    return [];
  }
}

/** In a route's URL `:name` is a parameter and `::` a colon. */
function patternOf(url: string): RegExp {
  const parts = url
    .split(/(::|:\w+|\*)/)
    .map((part) =>
      part === '::'
        ? ':'
        : part === '*'
          ? '.*'
          : part.startsWith(':')
            ? '[^/]+'
            : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'),
    );
  return new RegExp(`^${parts.join('')}$`);
}
