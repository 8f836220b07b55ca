/**
 * A worker's own metrics. Temporal's SDK answers Prometheus itself, at an address of its own; what the process tells of
 * itself is copied there, so that one address has both.
 */
import { Runtime } from '@temporalio/worker';
import type { Registry } from 'prom-client';

const COPY_EVERY_MS = 5_000;

/** Copies the registry's counters and gauges to the SDK's exporter every five seconds, for as long as the process runs. */
export async function exportMetrics(registry: Registry, poolId: string): Promise<void> {
  const meter = Runtime.instance().metricMeter.withTags({ pool: poolId });
  const copy = async (): Promise<void> => {
    for (const { name, help, type, values } of await registry.getMetricsAsJSON()) {
      if (String(type) === 'histogram') continue;
      // The SDK keeps one metric for each name, however often it is created.
      const gauge = meter.createGauge(name, 'float', undefined, help);
      for (const { value, labels } of values) gauge.set(value, tagsOf(labels));
    }
  };
  await copy();
  setInterval(() => void copy(), COPY_EVERY_MS).unref();
}

const tagsOf = (labels: Readonly<Record<string, string | number | undefined>>) =>
  Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, value ?? '']));
