/** Tests what every policy must keep: its author calls `describePolicy` from a vitest file, with the built module. */
import { beforeAll, describe, expect, it } from 'vitest';
import {
  CONTRACT,
  type ContractFault,
  type ContractRule,
  contractFaults,
  type PolicySubject,
} from './contract/contract.js';

export type { ContractFault, PolicySubject } from './contract/contract.js';
export { contractFaults };

/** The longest that asking all samples may take, in milliseconds; a policy that hangs takes some of it. */
const PATIENCE_MS = 60_000;

export function describePolicy(name: string, subject: PolicySubject): void {
  describe(`the policy ${name}`, () => {
    let faults: readonly ContractFault[];
    beforeAll(async () => {
      faults = await contractFaults(subject);
    }, PATIENCE_MS);
    for (const rule of Object.keys(CONTRACT) as ContractRule[]) {
      it(CONTRACT[rule], () => {
        expect(faults.filter((fault) => fault.rule === rule).map(({ words }) => words)).toEqual([]);
      });
    }
  });
}
