// The queue of one live client: bounded, and honest about what did not fit.
import type { GetFlowsResponse } from '../hubble/schema.gen.ts';

export class LiveClient {
  private queue: GetFlowsResponse[] = [];
  private lost = 0;
  private ended = false;
  private failure: unknown;
  private wake: (() => void) | undefined;
  private readonly limit: number;
  private readonly notice: (count: number) => GetFlowsResponse;

  constructor(limit: number, notice: (count: number) => GetFlowsResponse) {
    this.limit = limit;
    this.notice = notice;
  }

  /** False when the client is too slow and the response was dropped. */
  offer(response: GetFlowsResponse): boolean {
    if (this.ended) return true;
    if (this.queue.length >= this.limit) {
      this.lost++;
      return false;
    }
    // What was lost is told at the place where it is missing.
    this.tellLost();
    this.queue.push(response);
    this.wake?.();
    return true;
  }

  /** Responses that nobody looked at: some of them may have been for this client. */
  missed(count: number): void {
    this.lost += count;
    this.wake?.();
  }

  end(): void {
    this.ended = true;
    this.wake?.();
  }

  fail(error: unknown): void {
    this.failure = error;
    this.end();
  }

  /** Everything offered, in order; ends after `end`, what is queued being dropped. */
  async *responses(): AsyncGenerator<GetFlowsResponse> {
    while (!this.ended) {
      const taken = this.queue;
      this.queue = [];
      for (const response of taken) {
        if (this.ended) break;
        yield response;
      }
      if (this.queue.length > 0 || this.ended) continue;
      if (this.lost > 0) {
        this.tellLost();
        continue;
      }
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
      this.wake = undefined;
    }
    if (this.failure !== undefined) throw this.failure;
  }

  private tellLost(): void {
    if (this.lost === 0) return;
    this.queue.push(this.notice(this.lost));
    this.lost = 0;
  }
}
