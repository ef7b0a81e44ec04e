// Randomness that can be had again: every choice of a run comes from one printed seed.

export interface Dice {
  readonly seed: number;
  /** A number in [from, to). */
  between(from: number, to: number): number;
  pick<T>(of: readonly [T, ...T[]]): T;
  chance(of: number): boolean;
}

export function dice(seed: number): Dice {
  let state = seed >>> 0;
  const next = () => {
    // mulberry32
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    seed,
    between: (from, to) => from + next() * (to - from),
    pick: (of) => of[Math.floor(next() * of.length)] ?? of[0],
    chance: (of) => next() < of,
  };
}

/** PARALLAX_SEED, or a new one. */
export function someSeed(): number {
  const given = process.env.PARALLAX_SEED;
  return given === undefined ? Math.floor(Math.random() * 1e9) : Number(given);
}
