// The story of the README in a store: what both clusters' relays told in a minute and a half.

import { vi } from 'vitest';
import type { GetFlowsResponse } from '../../../src/hubble/proto/schema.gen.ts';
import { msToNs } from '../../../src/runtime/time.ts';
import { Story } from '../../../src/simulate/story.ts';
import { EKS, GKE } from '../../../src/simulate/workload.ts';
import { held, relayOf, START_MS } from '../simulate/stage.ts';

export const TOLD_MS = 90_000;
export const STORY_ENDS = msToNs(START_MS + TOLD_MS);

export async function tellStory(): Promise<GetFlowsResponse[]> {
  vi.useFakeTimers({ now: START_MS });
  try {
    const clock = { now: () => Date.now(), sleep: async () => {} };
    const relays = [EKS, GKE].map(({ name, nodes }) =>
      relayOf(
        name,
        nodes.map((node) => node.name),
        { clock },
      ),
    );
    const options = { count: 0, seed: 1, speed: 1, waitForClient: false };
    const story = new Story(relays, options, clock);
    const never = new AbortController().signal;
    await story.start(never);
    await vi.advanceTimersByTimeAsync(TOLD_MS);
    await story.stop(never);
    return relays.flatMap(held);
  } finally {
    vi.useRealTimers();
  }
}
