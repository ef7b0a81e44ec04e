// Finds nodes that see flows which do not arrive: a relay may keep a node marked as connected whose stream has ended,
// and then asks it for nothing until the client opens a new stream. Judged from one status poll to the next.

export interface NodeCounts {
  readonly name: string;
  /** Flows the node has seen, by its own account; restarts when the node restarts. */
  readonly seen: number;
  /** Responses received of it. */
  readonly received: number;
  /** Other nodes of the list send under the listed names: a node that never sent is silent too. */
  readonly expected?: boolean;
}

/** Polls in a row in which a node saw flows and none arrived. */
const QUIET_POLLS = 2;
/** A new stream does not help every silence (a filter in the relay, say): not again for the same node before this. */
const AGAIN_MS = 600_000;

interface Watched {
  seen: number;
  received: number;
  quiet: number;
  complainedAt: number;
}

export class SilenceWatch {
  private watched = new Map<string, Watched>();

  /** Counts of all nodes the relay is connected to, at `at`; the names of those to open a new stream for. */
  poll(at: number, nodes: readonly NodeCounts[]): string[] {
    const before = this.watched;
    const silent: string[] = [];
    // Rebuilt, so that removed nodes are forgotten.
    this.watched = new Map();
    for (const { name, seen, received, expected = false } of nodes) {
      const last = before.get(name) ?? {
        seen,
        received,
        quiet: 0,
        complainedAt: Number.NEGATIVE_INFINITY,
      };
      // Never received: perhaps flows carry another name than the relay's list does.
      const quiet = (received > 0 || expected) && received === last.received && seen > last.seen;
      const now = { ...last, seen, received, quiet: quiet ? last.quiet + 1 : 0 };
      if (now.quiet >= QUIET_POLLS && at - now.complainedAt >= AGAIN_MS) {
        silent.push(name);
        now.quiet = 0;
        now.complainedAt = at;
      }
      this.watched.set(name, now);
    }
    return silent;
  }

  /** Reading was paused: what did not arrive says nothing. */
  reset(): void {
    for (const node of this.watched.values()) node.quiet = 0;
  }
}
