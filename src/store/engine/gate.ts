// Limits how many run at once and how many wait, in order; further ones are refused.
import { ParallaxError } from '../../runtime/errors.ts';

export class Gate {
  private free: number;
  private readonly waiting = new Set<() => void>();
  private readonly name: string;
  private readonly queue: number;

  constructor(name: string, slots: number, queue: number) {
    this.name = name;
    this.free = slots;
    this.queue = queue;
  }

  get waits(): number {
    return this.waiting.size;
  }

  /** Resolves with the function that leaves again (calling it twice is harmless). Rejects when `signal` aborts. */
  async enter(signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted();
    if (this.free > 0) {
      this.free--;
    } else {
      if (this.waiting.size >= this.queue) {
        throw new ParallaxError(
          'store/unavailable',
          `${this.waiting.size} ${this.name} wait already; try again later or with fewer at once`,
        );
      }
      await this.turn(signal);
    }
    let inside = true;
    return () => {
      if (!inside) return;
      inside = false;
      this.leave();
    };
  }

  private turn(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const admit = () => {
        this.waiting.delete(admit);
        signal?.removeEventListener('abort', give);
        resolve();
      };
      const give = () => {
        this.waiting.delete(admit);
        reject(signal?.reason);
      };
      this.waiting.add(admit);
      signal?.addEventListener('abort', give, { once: true });
    });
  }

  private leave(): void {
    const [next] = this.waiting;
    if (next === undefined) this.free++;
    else next();
  }
}
