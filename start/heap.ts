import { setFlagsFromString } from 'node:v8';

/** From here on the nursery grows to 64 MB, and a package's long list of exports is parsed for each of its files. */
const NODE_OF_LARGE_NURSERIES = 22;

/**
 * Keeps what a sync needs below 250 MB on top of its worker, because large events leave garbage by the megabyte. V8
 * then collects when the heap is little more than twice what is alive, and not four times. Where the nursery would
 * grow large, it stays at its first size, which costs a tenth of the speed. Call it before anything else is loaded:
 * the garbage of loading makes the nursery grow at once.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--heap-growing-percent=110');
  const [major] = process.versions.node.split('.');
  if (Number(major) >= NODE_OF_LARGE_NURSERIES) {
    setFlagsFromString('--semi-space-growth-factor=1');
  }
}
