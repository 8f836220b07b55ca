import { Gauge, type Registry } from 'prom-client';

type Labels = Readonly<Record<string, string>>;

/** Sets one gauge with all its values. Without values it is left out, which tells a scraper that nothing is known. */
export function gauge(
  registry: Registry,
  name: string,
  help: string,
  values: readonly (readonly [value: number, labels: Labels])[],
): void {
  const [first] = values;
  if (first === undefined) return;
  const labelNames = Object.keys(first[1]);
  const made = new Gauge({ name: `openpool_${name}`, help, labelNames, registers: [registry] });
  for (const [value, labels] of values) made.set(labels, value);
}

/** Converts to ETH as a float, for graphs only: a float cannot hold exact wei. */
export function ethFloat(wei: bigint): number {
  return Number(wei) / 1e18;
}

export const secondsSince = (now: Date, at: Date): number => (now.getTime() - at.getTime()) / 1000;
