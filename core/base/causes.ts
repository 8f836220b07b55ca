/** Yields the error and then the causes nested in it, outermost first; at most ten levels. */
export function* causesOf(error: unknown): Generator<unknown> {
  let current = error;
  for (let depth = 0; current !== undefined && current !== null && depth < 10; depth += 1) {
    yield current;
    current = current instanceof Error ? current.cause : undefined;
  }
}

/** Returns a property of any value; undefined when it has none. */
export function fieldOf(value: unknown, key: string): unknown {
  return Reflect.get(Object(value), key);
}

/** Returns the code of an error, such as `ENOENT` or a SQLSTATE; empty when it has none. */
export function codeOf(error: unknown): string {
  const code = fieldOf(error, 'code');
  return typeof code === 'string' ? code : '';
}
