/**
 * Compiles only where the types of Node are absent, and is part of tsconfig.deterministic.json alone. An import that
 * brings these types to the rules or the workflows would let a clock or a process compile there, and fails here.
 */
export const unknownHere = [
  // @ts-expect-error: a clock
  setTimeout,
  // @ts-expect-error: the environment
  process,
  // @ts-expect-error: the network
  fetch,
  // @ts-expect-error: Node's bytes
  Buffer,
  // @ts-expect-error: output
  console,
];
