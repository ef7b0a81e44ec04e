// Reproducible random numbers.

export interface Random {
  /** 32 random bits. */
  bits(): number;
  /** An integer of 0 … limit - 1. */
  below(limit: number): number;
  pick<T>(choices: readonly [T, ...T[]]): T;
  chance(probability: number): boolean;
  /** A version 4 uuid. */
  uuid(): string;
}

/** xorshift over 128 bits. `stream` makes independent sequences of one seed. */
export function seededRandom(seed: number, stream = ''): Random {
  let a = scramble(seed | 0);
  let b = scramble(a ^ 0x9e3779b9);
  let c = scramble(b ^ 0x85ebca6b);
  let d = scramble(c ^ 0xc2b2ae35) | 1;
  for (const character of stream) d = scramble(d ^ character.charCodeAt(0)) | 1;
  const bits = () => {
    let t = a ^ (a << 11);
    a = b;
    b = c;
    c = d;
    t ^= t >>> 8;
    d = d ^ (d >>> 19) ^ t;
    return d >>> 0;
  };
  for (let i = 0; i < 20; i++) bits();
  const below = (limit: number) => Math.floor((bits() / 2 ** 32) * limit);
  return {
    bits,
    below,
    pick: (choices) => choices[below(choices.length)] ?? choices[0],
    chance: (probability) => bits() < probability * 2 ** 32,
    uuid: () => {
      const hex = [bits(), bits(), bits(), bits()]
        .map((word) => word.toString(16).padStart(8, '0'))
        .join('');
      const variant = ((Number.parseInt(hex[16] ?? '0', 16) & 3) | 8).toString(16);
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
    },
  };
}

/** Spreads the bits of a number; no two numbers give the same one. */
export function scramble(value: number): number {
  let bits = value | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return bits ^ (bits >>> 16);
}
