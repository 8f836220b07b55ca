import { setFlagsFromString } from 'node:v8';

/** From here on the nursery grows to 64 MB, and a package's long list of exports is parsed for each of its files. */
const NODE_OF_LARGE_NURSERIES = 22;

/**
 * Keeps a sync below 250 MB, beside the worker that it runs in: large events leave garbage by the megabyte.
 * The heap becomes little more than twice what is alive before it is looked through, not four times; and where the
 * nursery would grow large it stays as small as it begins, which costs a tenth of the speed. To be called before
 * anything else is loaded: what loading leaves behind makes the nursery grow at once.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--heap-growing-percent=110');
  const [major] = process.versions.node.split('.');
  if (Number(major) >= NODE_OF_LARGE_NURSERIES) {
    setFlagsFromString('--semi-space-growth-factor=1');
  }
}
