/** The pool's terms, for somebody who thinks about joining: what it keeps, when it pays, and what was different before. */
import type { Hono } from 'hono';
import { nowOf, type RunningPool } from '../../client/running-pool.js';
import { nextRoundAt } from '../../client/standing.js';
import { stateOfTerms } from '../../client/views.js';
import type { Config } from '../../config/config.js';
import { formatDuration } from '../../config/reading/quantity.js';
import { ethAndWei, formatGwei } from '../../core/base/money.js';
import { claimsOf } from '../../core/policies/claims/claimed.js';
import { CLAIM_WORDS, claimTermsWords } from '../../core/policies/rules/claims.js';
import { policyFacts } from '../../core/terms/rules/policy-terms.js';
import { changeWords, type TermsVersion } from '../../core/terms/rules/terms.js';
import { findTermsHistory, type TermsHistory } from '../../core/terms/store/recorded-terms.js';
import { Layout, SearchBox } from './kit/layout.js';
import { utc } from './kit/numbers.js';
import { type Html, Notice, Pill, Section, TableSection } from './kit/parts.js';

export function termsPageRoutes(app: Hono, pool: RunningPool): void {
  app.get('/terms', async (c) => {
    const { db, config, version } = pool;
    const [history, nextRound] = await Promise.all([findTermsHistory(db), nextRoundAt(pool)]);
    return c.html(
      <Layout
        config={config}
        version={version}
        now={nowOf(pool)}
        title={`Terms: ${config.pool.name}`}
        aside={<SearchBox />}
        json="/v1/terms"
      >
        {history === undefined ? (
          <Section
            title="No terms yet"
            note="This pool has not recorded its terms: its first worker does that when it starts."
          />
        ) : (
          <>
            <Announced history={history} />
            <InForce terms={history.inForce} config={config} nextRoundAt={nextRound} />
            <Versions history={history} />
          </>
        )}
      </Layout>,
    );
  });
}

type Answer = readonly [question: string, answer: string];

/** What a worker asks before joining, with the answers that the terms and the configuration give. */
function answersOf(
  terms: TermsVersion,
  config: Config,
  nextRoundAt: Date | null,
): readonly Answer[] {
  const { pool, chain } = config;
  const next = nextRoundAt === null ? '' : ` The next one is due at ${utc(nextRoundAt)}.`;
  const kept =
    terms.rounding === 'commission-floor'
      ? 'A fraction of a wei goes to you.'
      : 'A fraction of a wei goes to the pool.';
  return [
    [
      'How much does the pool keep?',
      `${terms.commissionBps / 100} % of what each job earns. ${kept}`,
    ],
    ...policyAnswer(terms),
    ['From what amount am I paid?', `From ${ethAndWei(terms.thresholdWei)} on.`],
    [
      'How often am I paid?',
      `A round runs every ${formatDuration(pool.payoutIntervalMs)} and pays everybody who is due; between two payouts to you are at least ${formatDuration(terms.minIntervalMs)}.${next}`,
    ],
    [
      'Who pays the network’s fee?',
      `The pool: you get the whole amount. A payout waits while its fee would be more than ${pool.maxGasShareBps / 100} % of it, or the network asks for more than ${formatGwei(chain.maxFeePerGasWei)} gwei.`,
    ],
    ...ofPayees(config),
    [
      'In which coin, on which chain?',
      `ETH, on the chain with the id ${chain.chainId}, to the very address that your worker names.`,
    ],
    ...claimsAnswer(terms),
    [
      'When does a payout count as paid?',
      `When its transaction is ${chain.confirmations} blocks deep.`,
    ],
    [
      'Is there a limit?',
      `A payout above ${ethAndWei(pool.maxPayoutWei)} waits for a person’s approval. The pool pays at most ${ethAndWei(pool.maxPaidPerDayWei)} in a day to all together; what is above that follows as the day passes.`,
    ],
    [
      'Which jobs count?',
      `Every job that the orchestrator reports as done by you, up to a fee of ${ethAndWei(pool.maxJobFeeWei)}; a larger one is looked at by a person first. For an AI job both of its reports must come within ${formatDuration(pool.jobMatchWindowMs)}.`,
    ],
    [
      'How soon do I see a job?',
      `The pool reads what was done every ${formatDuration(pool.syncIntervalMs)}.`,
    ],
    [
      'Does the pool pay at the moment?',
      pool.payoutsEnabled
        ? 'Yes.'
        : 'No: its operator has switched payouts off. What you earn is kept.',
    ],
  ];
}

/** What may differ from worker to worker, and who is paid at all. */
function ofPayees({ pool }: Config): readonly Answer[] {
  const { admission, payout, thresholdBounds } = pool.terms;
  const { maxGasShareBps, latestAfterMs } = payout;
  const { leastWei, mostWei } = thresholdBounds;
  const latest =
    latestAfterMs === undefined
      ? ''
      : ` At the latest ${formatDuration(latestAfterMs)} after you have reached your amount you are paid all the same, within the limit above.`;
  const gas: readonly Answer[] =
    maxGasShareBps === undefined
      ? []
      : [
          [
            'Does the pool wait for cheap gas?',
            `Yes, while the network’s fee would be more than ${maxGasShareBps / 100} % of what you are owed: that goes on growing meanwhile.${latest}`,
          ],
        ];
  return [
    ...gas,
    [
      'Can I choose from what amount I am paid?',
      `Yes, from ${ethAndWei(leastWei)} to ${ethAndWei(mostWei)}, and you can pause your payouts: you sign it with your worker’s key, on your page.`,
    ],
    [
      'Is everybody paid?',
      admission === 'open'
        ? 'Everybody who works for the pool. Should a rule of the pool hold or refuse somebody, that worker’s page says why and who can lift it, and what was earned is kept.'
        : 'Invited workers only. What others earn is counted and kept, and paid as soon as the pool invites them.',
    ],
  ];
}

function policyAnswer({ policy }: TermsVersion): readonly Answer[] {
  if (!policy) return [];
  return [['Do some workers have other terms?', `Yes. ${policyFacts(policy).join('; ')}`]];
}

function claimsAnswer(terms: TermsVersion): readonly Answer[] {
  const claims = claimsOf(terms);
  if (claims.length === 0) return [];
  const each = claims.map(claimTermsWords).join('; ');
  const words = `Nothing but ETH is paid here. Besides, each ETH that your jobs earn after the commission gives you a claim: ${each}. It is ${CLAIM_WORDS}: your page shows what it comes to, counted by whole UTC days and rounded down each day, and it is in no payout. A change holds from the first midnight (UTC) after it has come into force. How claims are settled, ask the pool’s operator.`;
  return [['Do I earn other assets too?', words]];
}

interface InForceProps {
  readonly terms: TermsVersion;
  readonly config: Config;
  readonly nextRoundAt: Date | null;
}

function InForce({ terms, config, nextRoundAt }: InForceProps): Html {
  const { region } = config.pool;
  return (
    <Section title="Terms of this pool" note={`${region}, in force since ${since(terms)}`}>
      <dl class="answers">
        {answersOf(terms, config, nextRoundAt).map(([question, answer]) => (
          <>
            <dt>{question}</dt>
            <dd>{answer}</dd>
          </>
        ))}
      </dl>
    </Section>
  );
}

interface HistoryProps {
  readonly history: TermsHistory;
}

function Announced({ history }: HistoryProps): Html | null {
  const coming = history.versions.filter((one) => stateOfTerms(one, history) === 'announced');
  if (coming.length === 0) return null;
  return (
    <Notice tone="warn" title="The terms change">
      {coming.map((one) => (
        <p>
          {utc(new Date(one.fromMs))}: {changeWords(history.inForce, one)}. What you earn before
          that stays as it is.
        </p>
      ))}
    </Notice>
  );
}

function Versions({ history }: HistoryProps): Html {
  const newestFirst = history.versions.toReversed();
  return (
    <TableSection
      isWide
      title="All terms that there were"
      note="a change never reaches back"
      columns={['From', 'State', 'What changed']}
      rows={newestFirst.map((one, index) => {
        const before = newestFirst[index + 1];
        return (
          <tr>
            <td class="s4">{since(one)}</td>
            <td class="s2 end">
              <Pill tone="mute">{stateOfTerms(one, history)}</Pill>
            </td>
            <td class="why s6">
              {before === undefined ? 'the first terms' : changeWords(before, one)}
            </td>
          </tr>
        );
      })}
      empty="None yet."
    />
  );
}

/** The first terms hold from the beginning of time, which no reader wants to see as a date. */
const since = ({ fromMs }: TermsVersion): string =>
  fromMs < 0 ? 'the beginning' : utc(new Date(fromMs));
