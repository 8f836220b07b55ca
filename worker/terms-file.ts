/** Compares the terms in this worker's configuration with the ledger's, at its start and then every minute. */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { setInterval } from 'node:timers';
import { termsFileOf } from '../config/config.js';
import {
  changeWords,
  differenceWords,
  type TermsFile,
  type TermsVersion,
  termsWords,
} from '../core/terms/rules/terms.js';
import {
  openTerms,
  readTermsHistory,
  type TermsHistory,
} from '../core/terms/store/recorded-terms.js';
import { forgetFile, keepFile } from '../core/terms/store/worker-terms.js';
import type { ServiceContext } from '../start/service.js';

const LOOK_EVERY_MS = 60_000;
const WHAT_HELPS =
  'if the file is right, give it a pool.termsFrom, or use `openpool terms change`; if it is old, correct it';

interface TermsContext extends Pick<ServiceContext, 'config' | 'db'> {
  readonly log: Pick<ServiceContext['log'], 'debug' | 'info' | 'warn'>;
}

/**
 * Records the file's terms in the ledger when `pool.termsFrom` makes them new to it, and logs which terms are in force
 * and how the file differs. Repeats the comparison until the returned watch is stopped.
 */
export async function prepareTerms(context: TermsContext, lookEveryMs = LOOK_EVERY_MS) {
  const { config, db, log } = context;
  const file = termsFileOf(config);
  const place = `${hostname()}/${process.pid}`;
  // A random ending, because two containers may have the same host name and process number.
  const worker = `${place}/${randomBytes(4).toString('hex')}`;
  const { recorded, ...opened } = await openTerms(db, file, place);
  if (recorded !== null) {
    const from = new Date(recorded.fromMs).toISOString();
    log.warn({ terms: termsWords(recorded), from }, 'the terms of pool.termsFrom are recorded');
  }
  const tell = createTermsLog(log, file);
  tell(opened);
  await keepFile(db, worker, file);
  const look = async () => {
    try {
      await keepFile(db, worker, file);
      tell(await readTermsHistory(db));
    } catch (error) {
      log.debug({ error: String(error) }, 'the terms could not be looked at');
    }
  };
  let looking = Promise.resolve();
  const timer = setInterval(() => {
    looking = look();
  }, lookEveryMs);
  timer.unref();
  return {
    async stop(): Promise<void> {
      clearInterval(timer);
      await looking;
      // Postgres may be away now; then the file stops counting as a running worker's after a few minutes anyway.
      await forgetFile(db, worker).catch(() => undefined);
    },
  };
}

/** Returns what logs each change of the terms, and each difference between file and ledger, once. */
function createTermsLog(log: TermsContext['log'], file: TermsFile) {
  let known: TermsVersion | undefined;
  let said: string | null = null;
  return ({ versions, inForce, now }: TermsHistory): void => {
    const terms = termsWords(inForce);
    if (known === undefined) log.info({ terms }, 'these terms are in force');
    else if (known.id !== inForce.id) {
      const from = new Date(inForce.fromMs).toISOString();
      log.warn({ terms, from }, `the terms changed: ${changeWords(known, inForce)}`);
    }
    known = inForce;
    const why = differenceWords(file, versions, now.getTime());
    if (why === said) return;
    said = why;
    if (why === null) log.info('the terms of the configuration agree with the ledger');
    else {
      log.warn(
        { finding: 'TERMS_DIFFER', file: termsWords(file.values), inForce: terms },
        `the terms of the configuration are not in force: ${why}. ${WHAT_HELPS}`,
      );
    }
  };
}
