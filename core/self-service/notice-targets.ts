/** Makes targets of the addresses that payees signed for their notices. */
import { createHash } from 'node:crypto';
import type { Address } from '../base/address.js';
import { PoolError } from '../base/errors/pool-error.js';
import type { Database } from '../db/database.js';
import type { ReadyTarget } from '../notices/delivering.js';
import type { NoticeTarget } from '../notices/notifiers/notifier.js';
import { createNotifier } from '../notices/notifiers/registry.js';
import { signedNoticeAddresses } from './store/notice-addresses.js';

const DISCORD = /^https:\/\/(?:[a-z]+\.)?discord(?:app)?\.com\//;

/**
 * Makes the key of a payee's webhook from its own signature, which nobody else is shown: so the pool and the payee know the
 * same secret, and none was sent. `whsec_` and the SHA-256 of the signature's bytes in base64.
 */
export function webhookSecretOf(signature: string): string {
  const bytes = Buffer.from(signature.slice(2), 'hex');
  return `whsec_${createHash('sha256').update(bytes).digest('base64')}`;
}

/** Returns a function that reads the targets of today by their ids, and makes a notifier only for what is new. */
export function createSignedTargets(db: Database) {
  let known: ReadonlyMap<string, ReadyTarget> = new Map();
  return async (): Promise<ReadonlyMap<string, ReadyTarget>> => {
    const targets = new Map<string, ReadyTarget>();
    for (const { payee, noticeAddress: url, signature } of await signedNoticeAddresses(db)) {
      // The signature tells two wishes apart, also for the same address.
      const key = `${payee} ${signature}`;
      const ready = known.get(key) ?? (await make(payee, url, signature));
      if (ready !== undefined) targets.set(key, ready);
    }
    known = targets;
    return new Map([...targets.values()].map((ready) => [ready.target.id, ready]));
  };
}

/** Returns undefined for an address that no notifier takes: the payee is told nothing there. */
async function make(
  payee: Address,
  url: string,
  signature: string,
): Promise<ReadyTarget | undefined> {
  const isDiscord = DISCORD.test(url);
  const target: NoticeTarget = {
    id: `payee-${payee}`,
    kind: isDiscord ? 'discord' : 'webhook',
    module: null,
    baseDir: '/',
    addressOf: 'payee',
    payee,
    only: null,
    offlineAfterMs: null,
    options: isDiscord ? { url } : { url, secret: webhookSecretOf(signature) },
  };
  try {
    return { target, notifier: await createNotifier(target) };
  } catch (error) {
    if (error instanceof PoolError) return undefined;
    throw error;
  }
}
