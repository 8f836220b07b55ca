/** Puts a count before a noun, with the plural s where it belongs: `1 job`, `2 jobs`, `0 jobs`. */
export function counted(count: number | bigint, noun: string): string {
  return `${count} ${noun}${count === 1 || count === 1n ? '' : 's'}`;
}
