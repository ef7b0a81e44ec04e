// Several components that start and stop together, as one.
import type { Component, Health } from '../runtime/component.ts';

const SEVERITY = { ok: 0, degraded: 1, failed: 2 } as const;

/** Starts and stops all at once; the health is the worst of them, with its reason. */
export function group(name: string, members: readonly Component[]): Component {
  return {
    name,
    async start(signal) {
      await Promise.all(members.map((member) => member.start(signal)));
    },
    async stop(limit) {
      await Promise.all(members.map((member) => member.stop(limit)));
    },
    health(): Health {
      let worst: Health = { state: 'ok' };
      for (const member of members) {
        const health = member.health();
        if (SEVERITY[health.state] > SEVERITY[worst.state]) worst = health;
      }
      return worst;
    },
  };
}
