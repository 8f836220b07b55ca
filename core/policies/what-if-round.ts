/** What the next round would do under other terms: who is paid, and what stays below thresholds. Nothing is written. */
import type { Address } from '../base/address.js';
import { sumWei } from '../base/money.js';
import type { Reader, Transaction } from '../db/database.js';
import { admissionNow, NO_VERDICTS, type PayeeVerdicts } from '../payouts/rules/payee-rule.js';
import type { PreviewedPayee, PreviewTotals } from '../payouts/rules/round-preview.js';
import {
  payeeStandings,
  type RoundConfig,
  readDueRules,
} from '../payouts/store/payee-standings.js';
import { payeeVerdicts } from '../payouts/store/payees/payee-verdicts.js';
import { previewRound, previewStandings } from '../payouts/store/reads/round-preview-reads.js';
import { readTermsHistory } from '../terms/store/recorded-terms.js';
import { askAdmit, askDue, looksAtDue } from './payee-answers.js';
import type { PoliciesInUse } from './policies-in-use.js';
import { withOtherTerms } from './rules/what-if.js';
import { readSubjects, type StatesOf } from './store/subjects.js';
import { type OtherTerms, PAYEES_AT_ONCE } from './what-if.js';

/** A round, and what it leaves because it is below a threshold. */
export interface SimulatedRound {
  readonly payees: readonly PreviewedPayee[];
  readonly totals: PreviewTotals;
  readonly dust: { readonly payees: number; readonly pendingWei: bigint };
}

interface AskedRound {
  readonly other: OtherTerms;
  /** What the round goes by besides the terms, as it is. */
  readonly before: RoundConfig;
  /** The same, as it would be. */
  readonly after: RoundConfig;
  /** What the wallet has to spend; null when its balance was never read. */
  readonly freeWei: bigint | null;
  /** How the workers of payees stand. Absent: no guard judges. */
  readonly statesOf?: StatesOf;
}

export async function simulateRound(
  tx: Transaction,
  { other, before, after, freeWei, statesOf }: AskedRound,
  policies: PoliciesInUse,
): Promise<{ readonly before: SimulatedRound; readonly after: SimulatedRound }> {
  const recorded = await readTermsHistory(tx);
  const [version] = withOtherTerms([recorded.inForce], recorded.inForce, other.values);
  const terms = version ?? recorded.inForce;
  const due = { ...(await readDueRules(tx, after)), terms };
  const asker = await policies.of(terms);
  const verdictsOf = async (reader: Reader, payees: readonly Address[]) => {
    const verdicts = new Map(await payeeVerdicts(reader, payees));
    for (let i = 0; asker !== null && i < payees.length; i += PAYEES_AT_ONCE) {
      const some = await readSubjects(reader, payees.slice(i, i + PAYEES_AT_ONCE), {
        now: due.now,
        withFigures: asker.looksAt !== 'nothing',
        withPresence: asker.looksAt === 'presence',
        statesOf,
        dueBy: looksAtDue(asker) ? { terms, bounds: other.thresholdBounds } : null,
      });
      const { thresholdBounds } = other;
      const asked = { asker, version: terms, payees: some.payees, from: due.now, thresholdBounds };
      for (const { payee, ...rule } of await askDue(asked, policies)) {
        change(verdicts, payee, { rule });
      }
      for (const { payee, ...said } of await askAdmit(asked, policies)) {
        change(verdicts, payee, { admission: admissionNow(said, said.invited) });
      }
    }
    return verdicts;
  };
  const standings = await payeeStandings(tx, due, undefined, verdictsOf);
  const rules = { due, limits: after.limits, freeWei };
  return {
    before: withDust(await previewRound(tx, before, freeWei)),
    after: withDust(await previewStandings(tx, standings, rules)),
  };
}

/** A payee for whom the policy fails keeps what was recorded last. */
function change(
  verdicts: Map<Address, PayeeVerdicts>,
  payee: Address | null,
  said: Partial<PayeeVerdicts>,
): void {
  if (payee !== null) verdicts.set(payee, { ...(verdicts.get(payee) ?? NO_VERDICTS), ...said });
}

function withDust({ payees, totals }: Omit<SimulatedRound, 'dust'>): SimulatedRound {
  const left = payees.filter(({ code }) => code === 'BELOW_THRESHOLD');
  const dust = {
    payees: left.length,
    pendingWei: sumWei(left.map(({ pendingWei }) => pendingWei)),
  };
  return { payees, totals, dust };
}
