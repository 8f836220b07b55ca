/** What a notice says: plain words for operators and, apart from them, for workers. Amounts are in ETH; the facts have the wei. */
import { counted } from '../../base/counted.js';
import { duration } from '../../base/duration.js';
import { formatEth } from '../../base/money.js';
import type { NoticeFacts, NoticeKind } from './notice-kinds.js';

export interface Words {
  /** One short line. */
  readonly title: string;
  /** Some sentences. They may quote texts of others, so whoever formats them escapes them. */
  readonly text: string;
}

type Write<Kind extends NoticeKind> = (facts: NoticeFacts[Kind]) => Words;

interface Voices<Kind extends NoticeKind> {
  readonly operator: Write<Kind>;
  readonly worker: Write<Kind>;
}

const eth = (wei: string): string => `${formatEth(BigInt(wei))} ETH`;
const utc = (iso: string): string => `${iso.slice(0, 16).replace('T', ' ')} UTC`;
/** Makes a sentence of words that others wrote: it begins with a capital letter and ends. */
const sentence = (words: string): string =>
  `${words.slice(0, 1).toUpperCase()}${words.slice(1)}${/[.!?]$/.test(words) ? '' : '.'}`;

/** For what only operators are told. */
const toOperators = <Kind extends NoticeKind>(write: Write<Kind>): Voices<Kind> => ({
  operator: write,
  worker: write,
});

const VOICES: { readonly [Kind in NoticeKind]: Voices<Kind> } = {
  paid: {
    operator: ({ amountWei, payee }) => ({
      title: `Paid ${eth(amountWei)}`,
      text: `${eth(amountWei)} arrived at ${payee}, and the transfer is confirmed.`,
    }),
    worker: ({ amountWei, payee }) => ({
      title: `You were paid ${eth(amountWei)}`,
      text: `${eth(amountWei)} arrived at your address ${payee}, and the transfer is confirmed.`,
    }),
  },
  reopened: {
    operator: ({ amountWei, payee }) => ({
      title: `A payout of ${eth(amountWei)} was taken back by the chain`,
      text: `A reorganisation of the chain removed the transfer of ${eth(amountWei)} to ${payee}. The same transfer is sent again by itself; nothing is to do.`,
    }),
    worker: ({ amountWei }) => ({
      title: `Your payout of ${eth(amountWei)} is sent once more`,
      text: `The chain took back the transfer of ${eth(amountWei)} that had reached you. The pool sends the same transfer again by itself. Nothing is lost, and you are told when it is confirmed.`,
    }),
  },
  refused: {
    operator: ({ amountWei, payee, payoutId }) => ({
      title: `${payee} refused ${eth(amountWei)}`,
      text: `The destination of payout ${payoutId} did not accept the transfer. Its amount is pending again, and the payee gets no further payout until you run: openpool payee release ${payee} --reason …`,
    }),
    worker: ({ amountWei, payee }) => ({
      title: `Your address did not accept ${eth(amountWei)}`,
      text: `The pool sent ${eth(amountWei)} to ${payee}, and the address refused it, as a contract may. What you earned is kept. Check that the address can receive ETH, then ask the pool to pay it again.`,
    }),
  },
  waiting: {
    operator: ({ amountWei, payee, code, reason, since, p95Ms }) => ({
      title: `A payout of ${eth(amountWei)} waits unusually long`,
      text: `The payout to ${payee} has waited since ${utc(since)} (${code}). ${sentence(reason)} In this pool 95 of 100 such waits end within ${duration(p95Ms)}.`,
    }),
    worker: ({ amountWei, since, forWorker }) => ({
      title: `Your payout of ${eth(amountWei)} takes longer than usual`,
      text: `It has waited since ${utc(since)}. ${sentence(forWorker)}`,
    }),
  },
  halted: {
    operator: ({ code, reason }) => ({
      title: `Payouts are halted: ${code}`,
      text: `Nothing is signed or sent. ${sentence(reason)} docs/operations.md says under ${code} what helps.`,
    }),
    worker: () => ({
      title: 'The pool has stopped payouts for now',
      text: 'The pool has stopped its wallet to look at something. What you earn is counted as before, and what you earned is kept. You are told when payouts go on.',
    }),
  },
  'halt-ended': {
    operator: ({ code, remaining }) => ({
      title: remaining === 0 ? 'Payouts go on' : `A halt has ended: ${code}`,
      text:
        remaining === 0
          ? `The halt ${code} has ended, and no other one stops payouts.`
          : `The halt ${code} has ended. Payouts are still stopped by ${counted(remaining, 'other halt')}.`,
    }),
    worker: ({ remaining }) => ({
      title: remaining === 0 ? 'Payouts go on' : 'Payouts are still stopped',
      text:
        remaining === 0
          ? 'The pool pays again. You need not do anything.'
          : 'One reason to stop payouts has ended, and another one is left. What you earned is kept.',
    }),
  },
  'wallet-low': toOperators(({ wallet, balanceWei, dueWei, keepWei }) => ({
    title: `The wallet is low: ${eth(balanceWei)}`,
    text: `${wallet} holds ${eth(balanceWei)}. Payouts of ${eth(dueWei)} are under way or due, and ${eth(keepWei)} are to stay in it. Top it up: until then some payouts wait.`,
  })),
  'source-silent': toOperators(({ source, code, words }) => ({
    title: `Source ${source} gives nothing: ${code}`,
    text: sentence(words),
  })),
  finding: toOperators(({ source, code, words, severity }) => ({
    title: `${severity === 'grave' ? 'Grave: ' : ''}${code}${source === null ? '' : ` of source ${source}`}`,
    text: `${sentence(words)} openpool finding list shows what else is found.`,
  })),
  drift: toOperators(({ check, code, words, count }) => ({
    title:
      check === 'audit'
        ? `The ledger contradicts itself: ${code}`
        : `Chain and ledger differ: ${code}`,
    text: `${sentence(words)}${count > 1 ? ` The ${check} found ${counted(count, 'such thing')}.` : ''} Pay nothing before this is understood; docs/operations.md says under ${code} what helps.`,
  })),
  'worker-offline': {
    operator: ({ payee, nodeType, region, lastSeenAt }) => ({
      title: `A worker of ${payee} is offline`,
      text: `The ${nodeType} worker in ${region} was last seen at ${utc(lastSeenAt)}.`,
    }),
    worker: ({ nodeType, region, lastSeenAt, offlineAfterMs }) => ({
      title: 'Your worker is offline',
      text: `The pool last saw your ${nodeType} worker in ${region} at ${utc(lastSeenAt)}, which is longer ago than the ${duration(offlineAfterMs)} that you set. Check that your machine runs and is connected to the orchestrator.`,
    }),
  },
  'worker-state': {
    operator: (facts) => ({
      title: `A worker of ${facts.payee} is ${STATE_WORDS[facts.state]}`,
      text: `${placeWords(facts)}: ${sentence(facts.reason)}${liftWords(facts.lifts)}`,
    }),
    worker: (facts) => ({
      title: `Your worker is ${STATE_WORDS[facts.state]}`,
      text: `${placeWords(facts)}: ${sentence(facts.reason)}${liftWords(facts.lifts)}${paidWords(facts)}`,
    }),
  },
  'terms-change': {
    operator: ({ change, from, withdrawn }) => ({
      title: `The terms change at ${utc(from)}`,
      text: `${sentence(change)}${withdrawnWords(withdrawn)}`,
    }),
    worker: ({ change, from, withdrawn }) => ({
      title: `The pool's terms change at ${utc(from)}`,
      text: `${sentence(change)} What you earned before is not touched.${withdrawnWords(withdrawn)}`,
    }),
  },
  destination: {
    operator: ({ payee, from, to, effectiveAt }) => ({
      title:
        effectiveAt === null
          ? `${payee} keeps its destination`
          : `${payee} is to be paid elsewhere from ${utc(effectiveAt)} on`,
      text:
        effectiveAt === null
          ? `It revoked its wish to be paid at ${to}, and is paid at ${from} as before.`
          : `It signed that it wants to be paid at ${to}. Until ${utc(effectiveAt)} it is paid at ${from}, and can revoke the change.`,
    }),
    worker: ({ from, to, effectiveAt }) => ({
      title:
        effectiveAt === null
          ? 'You are paid where you were paid before'
          : `You are paid at another address from ${utc(effectiveAt)} on`,
      text:
        effectiveAt === null
          ? `You revoked your wish to be paid at ${to}. You are paid at ${from}.`
          : `Somebody with your key signed that you want to be paid at ${to}. Until ${utc(effectiveAt)} you are paid at ${from}. If this was not you, revoke it on your page before then.`,
    }),
  },
  invitation: {
    operator: ({ payee, isInvited }) => ({
      title: isInvited ? `${payee} is invited` : `The invitation of ${payee} is withdrawn`,
      text: isInvited
        ? `What ${payee} has earned can be paid from now on, where the pool pays invited workers only.`
        : `What ${payee} has earned is kept. Where the pool pays invited workers only, it is not paid until it is invited again.`,
    }),
    worker: ({ isInvited }) => ({
      title: isInvited ? 'The pool has invited you' : 'The pool has withdrawn your invitation',
      text: isInvited
        ? 'What you have earned can be paid from now on. You need not do anything.'
        : 'What you have earned is kept for you. Where the pool pays invited workers only, it is paid when you are invited again: ask the pool.',
    }),
  },
  test: {
    operator: ({ target }) => ({
      title: 'A test notice',
      text: `An operator tries whether notices arrive at "${target}". This one did.`,
    }),
    worker: () => ({ title: 'A test notice', text: 'The pool tries whether notices reach you.' }),
  },
};

const STATE_WORDS = {
  good: 'good again',
  warned: 'warned',
  probation: 'on probation',
  excluded: 'excluded from new jobs',
} as const;

function placeWords(facts: NoticeFacts['worker-state']): string {
  const { nodeType, region, pipeline, modelId } = facts;
  const of = [pipeline, modelId].filter((name) => name !== '').join(' / ');
  return `The ${nodeType} worker in ${region}${of === '' ? '' : `, ${of}`}`;
}

function paidWords({ state, paidAsBefore }: NoticeFacts['worker-state']): string {
  if (state === 'good') return '';
  return paidAsBefore === true
    ? ' What you earned is yours and is paid as before.'
    : " What you earned is yours. The pool's policy says when it is paid, and may hold it until your worker is good again.";
}

function liftWords(lifts: string | null): string {
  return lifts === null ? '' : ` What lifts it: ${lifts}.`;
}

function withdrawnWords(withdrawn: number): string {
  return withdrawn === 0
    ? ''
    : ` ${counted(withdrawn, 'announced change')} before it no longer comes.`;
}

/** Says it in words for operators or for a worker. */
export function wordsOf<Kind extends NoticeKind>(
  kind: Kind,
  facts: NoticeFacts[Kind],
  voice: 'operator' | 'worker',
): Words {
  const voices: Voices<Kind> = VOICES[kind];
  return voices[voice](facts);
}
