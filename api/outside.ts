/**
 * Decides which foreign texts are public. Without the token, a reader sees codes and our own sentences. A foreign name
 * is shown only when its form rules out that it is a host, an address or a sentence.
 */
import { CATALOGUE, type PoolErrorCode } from '../core/base/errors/catalogue.js';
import { PoolError } from '../core/base/errors/pool-error.js';
import type { ShownFinding } from '../core/sentinel/store/finding-reads.js';

export { publicRegion } from '../core/base/remote-worker.js';

/** Makes a function that returns a text if it has this form, otherwise null. */
const ofForm =
  (form: RegExp) =>
  (said: string | null): string | null =>
    said !== null && form.test(said) ? said : null;

/** The name of a pipeline or the id of a request: it may have no dots and colons, which hosts and addresses have. */
export const publicName = ofForm(/^[A-Za-z0-9](?:[A-Za-z0-9_-]{0,62}[A-Za-z0-9])?$/);

/** The name of a model as model hubs use them, such as `owner/name-v1.0`. */
const ownedModel = ofForm(/^[A-Za-z0-9][\w-]{0,62}\/[A-Za-z0-9][\w.-]{0,99}$/);

export const publicModel = (said: string | null): string | null =>
  ownedModel(said) ?? publicName(said);

/** An event's id: a row number of an orchestrator's table, or a UUID. */
export const publicEventId = ofForm(/^(?:\d{1,19}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i);

/** A time in the format that events use. */
export const publicTime = ofForm(/^[\d-]{10}[T ][\d:]{8}(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/);

/**
 * Refuses to look for a name that is shown to nobody without the token: what was found would confirm a guess. Throws
 * REQUEST_INVALID, whether or not there is such a name.
 * @param shown makes the public form of the name
 */
export function requirePublic(
  name: string | undefined,
  shown: (said: string) => string | null,
): void {
  if (name === undefined || shown(name) === name) return;
  throw new PoolError(
    'REQUEST_INVALID',
    'This name is not shown without the token, and is looked for with it alone.',
  );
}

/** Says why a source fails, using only the error's code. */
export function publicError(code: string): string {
  if (Object.hasOwn(CATALOGUE, code)) return CATALOGUE[code as PoolErrorCode].help;
  return 'Its last pass failed.';
}

/** Our own sentences for waits whose full reason quotes a node or a signer. */
const QUOTING_WAITS: Readonly<Record<string, string>> = {
  RPC_UNREACHABLE: 'the chain cannot be asked now; nothing is decided until it answers',
  BROADCAST_REFUSED: 'it was sent and not taken yet; it is sent again by itself',
  SIGNER_UNREACHABLE: 'the signer does not answer; nothing is signed, and it is asked again',
  SIGNER_REFUSED: 'the signer refuses; nothing is signed, and it is asked again',
};

/** Matches the reason of a broken invariant, which names a job or an event; the part in front is public. */
const INVARIANT = /^(the wallet is halted: [A-Z]+(?:_[A-Z]+)+): [\s\S]*$/;

/** Matches a node's text inside the sentence about a signed payout that the wallet cannot pay for. */
const NODE_SAID = / \(\S+ refused it: [\s\S]*\)(?=; wallet 0x[0-9a-fA-F]{40} holds )/;

/** Returns who decided without the name of the token: `api` or `cli`. Who operates a pool is nobody's business. */
export function publicActor(actor: string): string {
  return actor.split(':', 1)[0] ?? '';
}

/** Removes foreign text from a halt; the reasons that an operator wrote are public. */
export function publicHalt<Halt extends { readonly code: string; readonly reason: string }>(
  halt: Halt,
): Halt {
  if (halt.code !== 'INVARIANT_BROKEN') return halt;
  return { ...halt, reason: 'the ledger contradicts itself: `openpool audit run` says where' };
}

/** Says why a payout waits. Our own sentences stay; one that quotes foreign text is replaced, by its code. */
export function publicWait(code: string | null, reason: string | null): string | null {
  if (code === 'WALLET_EMPTY') return reason?.replace(NODE_SAID, '') ?? null;
  if (code === 'WALLET_HALTED') return reason?.replace(INVARIANT, '$1') ?? null;
  return QUOTING_WAITS[code ?? ''] ?? reason;
}

/** Says why a payee would not be paid now. Where the sentence quotes why a payout waits, `publicWait` cleans it. */
export function publicStanding(reason: string | null): string | null {
  const [, before, code, wait] = /^(.*, waits with )(\w+): ([\s\S]*)$/.exec(reason ?? '') ?? [];
  if (before === undefined || code === undefined || wait === undefined) return reason;
  return `${before}${code}: ${publicWait(code, wait)}`;
}

/** Says how a node answered a transaction: that it accepted it, or only that it answered something else. */
export function publicAnswer(said: string | null): string | null {
  if (said === null || /^accepted 0x[0-9a-f]{64}$/.test(said)) return said;
  return 'another answer; its words need the token';
}

/** Our own sentences for what checks find, where the full one names events, files or types of events. */
const QUOTING_FINDINGS: Readonly<Record<string, string>> = {
  MATCH_MISSING: 'an event was matched with one that is nowhere',
  COUNT_DIFFERS: 'a count of events per hour differs from the events that are there',
  ROW_DIFFERS: 'an event is kept with something else than it says',
  EVENT_UNREADABLE: 'an event that was kept cannot be read any more',
  ARCHIVE_FILE_MISSING: 'a file of the archive is not there',
  ARCHIVE_FILE_DAMAGED: 'a file of the archive is damaged',
  CORRECTION_LEFT: 'something that differs could not be corrected',
  LEDGER_DIFFERS: 'a balance differs from what its events are worth',
  FIGURES_DIFFER: "a remote worker's figures differ from its events",
  DAYS_DIFFER: "a remote worker's days differ from its events",
  HOURS_DIFFER: "how a remote worker's jobs went differs from its events",
  POSTING_DIFFERS: 'a posting differs from what its events are worth',
  CHAIN_UNREACHABLE: 'the chain could not be asked',
};

export function publicCheck<Finding extends { readonly code: string; readonly message: string }>(
  finding: Finding,
): Finding {
  return { ...finding, message: QUOTING_FINDINGS[finding.code] ?? finding.message };
}

/**
 * Sentences for outsiders where the figures are the operator's alone. Signs of fraud are no verdicts, so nobody is told of
 * whom; what the pool holds is nobody's business but whether it is enough.
 */
const WITHOUT_FIGURES: ReadonlyMap<string, string> = new Map([
  ['WORK_TOO_FAST', 'a remote worker says that it worked faster than is usual'],
  ['JOBS_WITHOUT_TIME', 'jobs of a remote worker took no time at all'],
  ['WORKER_FEES_JUMP', 'a remote worker earns far more for the same work than others'],
  ['CONNECTION_SHARED', 'workers of many payees are connected from one machine or network'],
  [
    'POOL_NOT_COVERED',
    'what this program knows of the money of the pool is less than the pool owes',
  ],
  ['WALLET_BELOW_WEEK', 'the wallet holds less than the payouts of the next week may need'],
  ['CREDITED_ABOVE_REDEEMED', 'less was redeemed than workers were credited with'],
]);

/**
 * Hides what a finding's sentence and figures quote: types of events, pipelines and models, whose names come from a
 * source. Our other sentences with their figures are public.
 */
export function publicFinding({
  code,
  subject,
  words,
  figures,
}: Pick<ShownFinding, 'code' | 'subject' | 'words' | 'figures'>): Pick<
  ShownFinding,
  'subject' | 'words' | 'figures'
> {
  if (code === 'EVENTS_UNKNOWN') {
    const { type: _, ...counts } = figures;
    const said = 'events within a day of a type or version that is not known';
    return { subject: '', words: said, figures: counts };
  }
  if (code === 'SOURCE_READ_TWICE') {
    // The full sentence quotes the event's id, which is foreign text.
    const said = 'it reads what another source has counted, and is stopped';
    return { subject, words: said, figures };
  }
  if (code === 'RPC_SILENT') {
    const { endpoint: _, ...durations } = figures;
    const said = 'one of the RPC endpoints has given no usable answer for long';
    return { subject: '', words: said, figures: durations };
  }
  const said = WITHOUT_FIGURES.get(code);
  if (said !== undefined) return { subject: '', words: said, figures: {} };
  if (code !== 'PRICE_JUMP' || isPublicSubject(subject)) return { subject, words, figures };
  const price = 'a unit of one pipeline and model costs far more or far less than usual';
  return { subject: '', words: price, figures };
}

/** Whether all parts of a subject such as `ai / llm / owner/model` are public. */
const isPublicSubject = (subject: string): boolean =>
  subject.split(' / ').every((part) => publicName(part) !== null || publicModel(part) !== null);
