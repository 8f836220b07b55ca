/** Seeded randomness with named streams: what one part draws does not shift what another does. */
export interface Dice {
  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number;
  chance(probability: number): boolean;
  pick<T>(items: readonly T[]): T;
  hex(bytes: number): string;
  /** A stream of its own. */
  stream(name: string): Dice;
}

/** The same seed throws the same dice. */
export function createDice(seed: string): Dice {
  // xorshift128 over a hash of the seed's text; plain, and independent of who else draws.
  const state = Uint32Array.from([1, 2, 3, 4], (salt) => hash(`${salt}/${seed}`) || salt);
  const unit = (): number => {
    const [a = 0, b = 0, c = 0, d = 0] = state;
    const mixed = a ^ (a << 11);
    state.set([b, c, d, d ^ (d >>> 19) ^ mixed ^ (mixed >>> 8)]);
    return (state[3] ?? 0) / 2 ** 32;
  };
  for (let i = 0; i < 16; i += 1) unit();
  const between = (low: number, high: number) => low + Math.floor(unit() * (high - low + 1));
  return {
    between,
    chance: (probability) => unit() < probability,
    pick(items) {
      const item = items[between(0, items.length - 1)];
      if (item === undefined) throw new RangeError('nothing to pick from');
      return item;
    },
    hex: (bytes) =>
      Array.from({ length: bytes }, () => between(0, 255).toString(16).padStart(2, '0')).join(''),
    stream: (name) => createDice(`${seed}/${name}`),
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
