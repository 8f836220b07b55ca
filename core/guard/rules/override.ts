/** What an operator decided instead of the guard, for a time. */
import type { Address } from '../../base/address.js';
import type { NodeType } from '../../base/remote-worker.js';
import type { GuardState } from './states.js';

export interface Override {
  readonly id: number;
  readonly payee: Address;
  /** Null means any, here and below. */
  readonly nodeType: NodeType | null;
  readonly region: string | null;
  readonly pipeline: string | null;
  readonly modelId: string | null;
  readonly state: GuardState;
}

/** A remote worker in a pipeline and model; null stands for all that no override names. */
export interface OverridePlace {
  readonly payee: Address;
  readonly nodeType: NodeType;
  readonly region: string;
  readonly pipeline: string | null;
  readonly modelId: string | null;
}

/** Returns the override that holds for a place: the last one that was made. `overrides` are those in force. */
export function overrideOf(
  place: OverridePlace,
  overrides: readonly Override[],
): Override | undefined {
  return overrides
    .filter(
      (one) =>
        one.payee === place.payee &&
        (one.nodeType === null || one.nodeType === place.nodeType) &&
        (one.region === null || one.region === place.region) &&
        (one.pipeline === null || one.pipeline === place.pipeline) &&
        (one.modelId === null || one.modelId === place.modelId),
    )
    .reduce<Override | undefined>(
      (last, one) => (last === undefined || one.id > last.id ? one : last),
      undefined,
    );
}
