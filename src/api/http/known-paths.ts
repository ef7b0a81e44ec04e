// Which methods each path of the server answers to, so that a wrong method is told apart from a wrong path.
import type { FastifyInstance } from 'fastify';

interface KnownPath {
  readonly pattern: RegExp;
  readonly methods: Set<string>;
}

export class KnownPaths {
  private readonly paths = new Map<string, KnownPath>();

  /** Learns the routes that are added from now on. */
  watch(app: FastifyInstance): void {
    app.addHook('onRoute', ({ url, method }) => {
      const known = this.paths.get(url) ?? { pattern: patternOf(url), methods: new Set() };
      for (const each of [method].flat()) known.methods.add(each);
      this.paths.set(url, known);
    });
  }

  /** Sorted; none when there is no such path. */
  methodsOf(path: string): readonly string[] {
    for (const { pattern, methods } of this.paths.values())
      if (pattern.test(path)) return [...methods].sort();
    return [];
  }
}

/** Of a route's URL, where `:name` is a parameter and `::` a colon. */
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
