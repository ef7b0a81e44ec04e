// Cost limit of an evaluation: iterating, and making or comparing texts and lists, take steps.
import { MAX_COST } from './limits.ts';
import { Failure } from './values.ts';

export const TOO_COSTLY = new Failure('operation cancelled: actual cost limit exceeded');

/** Text that is worked through counts one step for this many characters. */
const TEXT_STEP = 16;

export class Budget {
  private left = MAX_COST;

  reset(): void {
    this.left = MAX_COST;
  }

  /** False when that was too much. */
  spend(steps: number): boolean {
    this.left -= steps;
    return this.left >= 0;
  }

  spendText(length: number): boolean {
    return this.spend(length / TEXT_STEP);
  }

  get spent(): boolean {
    return this.left < 0;
  }
}
