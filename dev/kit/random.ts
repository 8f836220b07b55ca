/** Random numbers from a seed: the same seed draws the same numbers on every machine. */
export interface Random {
  /** A fraction in [0, 1). */
  next(): number;
  /** A whole number from `low` to `high`, both included. */
  int(low: number, high: number): number;
  chance(probability: number): boolean;
  pick<T>(items: readonly T[]): T;
  /** Lower-case hex digits of this many random bytes. */
  hex(bytes: number): string;
}

/** A source of random streams. The draws from one stream do not change those from another. */
export interface RandomStream extends Random {
  /** Returns a stream that depends only on the seed and this name. */
  stream(name: string): RandomStream;
}

/** mulberry32: 32 bits of state, which is enough for traffic. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  return drawFrom(() => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  });
}

/** xorshift128 over a hash of the seed's text. */
export function createRandomStream(seed: string): RandomStream {
  const state = Uint32Array.from([1, 2, 3, 4], (salt) => hash(`${salt}/${seed}`) || salt);
  const next = (): number => {
    const [a = 0, b = 0, c = 0, d = 0] = state;
    const mixed = a ^ (a << 11);
    state.set([b, c, d, d ^ (d >>> 19) ^ mixed ^ (mixed >>> 8)]);
    return (state[3] ?? 0) / 2 ** 32;
  };
  for (let i = 0; i < 16; i += 1) next();
  return { ...drawFrom(next), stream: (name) => createRandomStream(`${seed}/${name}`) };
}

function drawFrom(next: () => number): Random {
  const int = (low: number, high: number) => low + Math.floor(next() * (high - low + 1));
  return {
    next,
    int,
    chance: (probability) => next() < probability,
    pick(items) {
      const item = items[int(0, items.length - 1)];
      if (item === undefined) throw new RangeError('nothing to pick from');
      return item;
    },
    hex: (bytes) =>
      Array.from({ length: bytes }, () => int(0, 255).toString(16).padStart(2, '0')).join(''),
  };
}

/** FNV-1a. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) {
    value = Math.imul(value ^ text.charCodeAt(i), 0x01000193) >>> 0;
  }
  return value;
}
