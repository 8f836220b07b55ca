/** Sets the gauges of one scrape. */
import { Gauge, type Registry } from 'prom-client';
import { formatEth } from '../../core/base/money.js';

/** One value of a gauge, and the labels that tell it from the gauge's others. */
type Labelled = readonly [value: number, labels: Readonly<Record<string, string>>];

/** Sets one gauge. Without a value it is left out, which tells a scraper that nothing is known. */
export type SetGauge = (
  name: string,
  help: string,
  given: number | null | readonly Labelled[],
) => void;

export function gaugesOf(registry: Registry): SetGauge {
  return (name, help, given) => {
    const values: readonly Labelled[] = typeof given === 'number' ? [[given, {}]] : (given ?? []);
    const [first] = values;
    if (first === undefined) return;
    const labelNames = Object.keys(first[1]);
    const made = new Gauge({ name: `openpool_${name}`, help, labelNames, registers: [registry] });
    for (const [value, labels] of values) made.set(labels, value);
  };
}

/** Converts to the float that is nearest to the amount in ETH, for graphs only: a float cannot hold exact wei. */
export const ethFloat = (wei: bigint): number => Number(formatEth(wei));

export const secondsSince = (now: Date, at: Date | null): number | null =>
  at === null ? null : (now.getTime() - at.getTime()) / 1000;
