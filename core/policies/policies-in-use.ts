/** The policies of the terms that are in force and announced, each loaded once, and what went wrong with them. */
import type { Address } from '../base/address.js';
import { foreignText } from '../base/foreign-text.js';
import type { TermsVersion } from '../terms/rules/terms.js';
import { type Asker, openPolicy, type PolicyChoice, type Questions } from './asking.js';
import { type About, PolicyUnusable } from './realm/policy-realm.js';
import type { Checked } from './rules/answer-checks.js';
import type { PolicyFailure } from './rules/resolving-report.js';
import { isEarlier } from './rules/versions.js';

/** A policy as it was found: ready to be asked, or unusable. */
type Found = { readonly asker: Asker } | { readonly wrong: string };

export class PoliciesInUse {
  private readonly found = new Map<string, Promise<Found>>();
  private readonly failures = new Map<string, PolicyFailure>();

  /** @param lastVersionsOf under which versions a policy has answered last; without it, any version is asked */
  constructor(
    private readonly choiceOf: (version: TermsVersion) => PolicyChoice,
    private readonly lastVersionsOf?: (policy: string) => Promise<readonly string[]>,
  ) {}

  /** Returns the policy of these terms; null, and a failure is noted, when it cannot be used. */
  async of(version: TermsVersion): Promise<Asker | null> {
    const choice = this.choiceOf(version);
    const key = JSON.stringify([choice.module, choice.options]);
    let opening = this.found.get(key);
    if (opening === undefined) {
      opening = this.open(choice);
      this.found.set(key, opening);
    }
    const found = await opening;
    if ('asker' in found) return found.asker;
    const policy = { policy: choice.module ?? 'terms', policyVersion: '' };
    this.failures.set('load', {
      about: 'load',
      ...policy,
      payee: null,
      payees: 0,
      wrong: found.wrong,
    });
    return null;
  }

  /** Asks, and checks each answer. An answer that is missing or wrong is null, and is noted as a failure. */
  async ask<A extends About, Answer>(
    asker: Asker,
    { about, questions }: { readonly about: A; readonly questions: readonly Questions[A][] },
    check: (answer: unknown, question: Questions[A]) => Checked<Answer>,
  ): Promise<readonly (Answer | null)[]> {
    const answers = await asker.ask(about, questions);
    return questions.map((question, i) => {
      const answer = answers[i] ?? { wrong: 'it gave no answer' };
      const checked = 'wrong' in answer ? answer : check(answer.value, question);
      if ('value' in checked) return checked.value;
      this.note(asker, about, { payee: question[0].address, wrong: foreignText(checked.wrong) });
      return null;
    });
  }

  private note(
    { name: policy, version: policyVersion }: Asker,
    about: About,
    { payee, wrong }: { readonly payee: Address; readonly wrong: string },
  ): void {
    const known = this.failures.get(about);
    if (known !== undefined) this.failures.set(about, { ...known, payees: known.payees + 1 });
    else this.failures.set(about, { about, policy, policyVersion, payee, payees: 1, wrong });
  }

  /** What went wrong until now, one entry for each function. */
  failed(): readonly PolicyFailure[] {
    return [...this.failures.values()];
  }

  async close(): Promise<void> {
    for (const opening of this.found.values()) {
      const found = await opening;
      if ('asker' in found) await found.asker.close();
    }
  }

  private async open(choice: PolicyChoice): Promise<Found> {
    try {
      const asker = await openPolicy(choice);
      const later = choice.module === null ? undefined : await this.laterVersion(asker);
      if (later === undefined) return { asker };
      await asker.close();
      const own = `version ${asker.version} of ${asker.name} is earlier than ${later}`;
      const help = 'bring all workers to one version; to go back, give the old code a higher one';
      return { wrong: `${own}, whose answers the ledger has: it is not asked. ${help}` };
    } catch (error) {
      if (error instanceof PolicyUnusable) return { wrong: foreignText(error) };
      throw error;
    }
  }

  /**
   * The later version under which this policy has answered already. Two workers with two versions would otherwise replace each
   * other's answers for ever: the later version wins, whichever of them is asked.
   */
  private async laterVersion({ name, version }: Asker): Promise<string | undefined> {
    const known = (await this.lastVersionsOf?.(name)) ?? [];
    return known.find((one) => isEarlier(version, one));
  }
}
