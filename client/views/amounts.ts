import { formatEth } from '../../core/base/money.js';

/** An amount in `/v1`: exact wei for programs, ETH next to it for people. */
export type Amount<Name extends string> = Readonly<Record<`${Name}Wei` | `${Name}Eth`, string>>;

export function amount<Name extends string>(name: Name, wei: bigint): Amount<Name> {
  return { [`${name}Wei`]: wei.toString(), [`${name}Eth`]: formatEth(wei) } as Amount<Name>;
}
