/** What an operator can expect of an event that was set aside. */
import { REFUSALS, type RefusalCode } from './pool-event-refusal.js';

/**
 * Why trying it again cannot help, whatever runs; undefined when it can. An event that said something
 * else before is never tried: what it said then counts, and both would count.
 */
export function hopelessWords(code: string): string | undefined {
  return HOPELESS[code as RefusalCode];
}

const CHANGED =
  'the same ID and time stood for another event before, and that one counts: counting this one too ' +
  'would count the job twice. Compare the two with `openpool set-aside show`; if this one is right, ' +
  'correct the difference with `openpool adjust`';

const HOPELESS: Readonly<Partial<Record<RefusalCode, string>>> = {
  EVENT_CHANGED: CHANGED,
  EVENT_COUNTED_ELSEWHERE:
    'another source has counted an event of the same time, ID and text: counting it here too would count the ' +
    'job twice. If it was another job by chance, credit it with `openpool adjust`',
  EVENT_TOO_LONG:
    'only its beginning was kept: raise `maxElement` of its source, restart the workers, and `openpool backfill` brings it whole',
};

/** What has to change before it can be counted, in words; undefined where the reason says it. */
export function refusedAdvice(code: string): string | undefined {
  return ADVICE[code as RefusalCode];
}

const ADVICE: Readonly<Partial<Record<RefusalCode, string>>> = {
  EVENT_ARCHIVED:
    'it helps only after its month and every later one were restored with `openpool archive restore`',
  EVENT_BEFORE_START:
    "it helps only after the source's `from` was moved back and the workers restarted",
  EVENT_FEE_ABOVE_CAP: 'it helps only after pool.maxJobFee was raised and the workers restarted',
  EVENT_ID_MALFORMED: 'no later version can know whether it was counted before',
};

/** What an operator can do about it, wherever it is shown; docs/operations.md has the same. */
export function setAsideHelp({
  code,
  resolvedAt,
}: {
  readonly code: string;
  readonly resolvedAt: Date | null;
}): string {
  if (resolvedAt !== null) return 'nothing is left to do: it counts';
  return (
    hopelessWords(code) ??
    refusedAdvice(code) ??
    // An earlier version may have set it aside under a code of its own.
    (Object.hasOwn(REFUSALS, code) ? REFUSALS[code as RefusalCode] : TRIED_AGAIN)
  );
}

const TRIED_AGAIN = 'it is tried again by each new version, or now: `openpool set-aside retry`';
