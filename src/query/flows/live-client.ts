// The bounded queue of one live client. Responses that do not fit become a lost-events notice.
import type { EncodedResponse } from './encoded-response.ts';

export interface LiveLimits {
  /** Responses that wait, of a client that is slow and of one whose history is being read. */
  readonly queue: number;
  readonly joinQueue: number;
  /** True when a client that holds so many bytes may hold no more. */
  readonly full: (heldBytes: number) => boolean;
  /** Called with every change of the queued bytes. */
  readonly held: (bytes: number) => void;
}

const STRIDE = 1024;

export class LiveClient {
  private queue: EncodedResponse[] = [];
  private head = 0;
  /** True while its history is being read. */
  patient = false;
  private heldBytes = 0;
  private lost = 0;
  private ended = false;
  private failure: unknown;
  private wake: (() => void) | undefined;
  private readonly limits: LiveLimits;
  private readonly notice: (count: number) => EncodedResponse;

  constructor(limits: LiveLimits, notice: (count: number) => EncodedResponse) {
    this.limits = limits;
    this.notice = notice;
  }

  /** False when the client is too slow and the response was dropped. */
  offer(item: EncodedResponse): boolean {
    if (this.ended) return true;
    const { queue, joinQueue, full } = this.limits;
    if (
      this.queue.length - this.head >= (this.patient ? joinQueue : queue) ||
      full(this.heldBytes)
    ) {
      this.lost++;
      return false;
    }
    // The notice goes where the responses are missing.
    this.pushLostNotice();
    this.push(item);
    this.wake?.();
    return true;
  }

  /** Responses that nobody looked at: some of them may have been for this client. */
  missed(count: number): void {
    this.lost += count;
    this.wake?.();
  }

  /** As `LiveStream.restart`. */
  restart(): boolean {
    if (this.lost === 0) return false;
    this.lost = 0;
    this.clear();
    return true;
  }

  end(): void {
    this.ended = true;
    this.clear();
    this.wake?.();
  }

  fail(error: unknown): void {
    this.failure = error;
    this.end();
  }

  /** Everything offered, in order; ends after `end`, what is queued being dropped. */
  async *responses(): AsyncGenerator<EncodedResponse> {
    try {
      while (!this.ended) {
        const item = this.shift();
        if (item !== undefined) yield item;
        else if (this.lost > 0) this.pushLostNotice();
        else {
          await new Promise<void>((resolve) => {
            this.wake = resolve;
          });
          this.wake = undefined;
        }
      }
    } finally {
      this.end();
    }
    if (this.failure !== undefined) throw this.failure;
  }

  private shift(): EncodedResponse | undefined {
    const item = this.queue[this.head];
    if (item === undefined) return undefined;
    this.head++;
    // Taken off in strides: moving a long list up for each is quadratic.
    if (this.head === this.queue.length || this.head >= STRIDE) {
      this.queue.splice(0, this.head);
      this.head = 0;
    }
    this.held(-item.bytes.length);
    return item;
  }

  private push(item: EncodedResponse): void {
    this.queue.push(item);
    this.held(item.bytes.length);
  }

  private clear(): void {
    this.held(-this.heldBytes);
    this.queue = [];
    this.head = 0;
  }

  private held(bytes: number): void {
    this.heldBytes += bytes;
    this.limits.held(bytes);
  }

  private pushLostNotice(): void {
    if (this.lost === 0) return;
    const { lost } = this;
    this.lost = 0;
    this.push(this.notice(lost));
  }
}
