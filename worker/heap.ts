import { setFlagsFromString } from 'node:v8';

/**
 * Lets the heap become little more than twice what is alive before it is looked through, not four times: a sync
 * of large events leaves garbage by the megabyte, and a worker is to fit into 250 MB beside others.
 */
export function growHeapInSmallSteps(): void {
  setFlagsFromString('--heap-growing-percent=110');
}
