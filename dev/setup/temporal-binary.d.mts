/** Path of a Temporal CLI that runs; see temporal-binary.mjs for where it is looked for. */
export function findTemporal(options?: { say?: (line: string) => void }): Promise<string>;
