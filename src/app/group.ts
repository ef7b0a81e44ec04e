// Several components that start and stop together, as one.
import { type Component, worstOf } from '../runtime/component.ts';

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
    health: () => worstOf(members.map((member) => member.health())),
  };
}
