import { setFlagsFromString } from 'node:v8';

/** From this major version of Node on, V8's nursery (its young generation) grows to 64 MB. */
const NODE_OF_LARGE_NURSERIES = 22;

/**
 * Keeps a sync's memory below 250 MB on top of its worker's, because large events leave megabytes of garbage, and that of
 * a long statement below 64 MB on top of the API's. V8 then collects when the heap is a little over twice the size of what is alive, instead of four times. Where the nursery
 * would grow large, it stays at its initial size, which costs a tenth of the speed. Call this before anything else is
 * loaded, because the garbage of loading already makes the nursery grow.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--heap-growing-percent=110');
  const [major] = process.versions.node.split('.');
  if (Number(major) >= NODE_OF_LARGE_NURSERIES) {
    setFlagsFromString('--semi-space-growth-factor=1');
  }
}
