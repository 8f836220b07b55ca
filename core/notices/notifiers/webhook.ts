/** Posts notices as JSON, signed by the rules of standardwebhooks.com. */
import { Webhook } from 'standardwebhooks';
import { z } from 'zod';
import type { Notice, Notifier, NotifierConfig } from './notifier.js';
import { checkAddress, checkOptions, webhookUrl } from './options.js';
import { outcomeOf, post, unanswered } from './posting.js';

const LEAST_SECRET_BYTES = 24;
const MOST_SECRET_BYTES = 64;

const webhookOptions = z.strictObject({
  url: webhookUrl,
  /** `whsec_` and 24 to 64 random bytes in base64. */
  secret: z.string().refine((text) => {
    const base64 = /^(?:whsec_)?([A-Za-z0-9+/]+={0,2})$/.exec(text)?.[1];
    if (base64 === undefined) return false;
    const { length } = Buffer.from(base64, 'base64');
    return length >= LEAST_SECRET_BYTES && length <= MOST_SECRET_BYTES;
  }, 'give whsec_ and 24 to 64 random bytes in base64: echo "whsec_$(openssl rand -base64 32)"'),
});

/** 400 and 422: it does not understand this notice; 410: it wants none any more; 413: this one is too long. */
const REFUSALS = [400, 410, 413, 422];

/** Makes a notifier of kind `webhook`; throws NOTIFIER_OPTIONS. */
export async function createWebhook(config: NotifierConfig): Promise<Notifier> {
  const { url, secret } = await checkOptions(config, webhookOptions);
  checkAddress(url, config);
  const signer = new Webhook(secret);
  return {
    sendsTo: url.origin,
    async deliver(notice, signal) {
      const body = JSON.stringify(toPayload(notice));
      const now = new Date();
      const headers = {
        'content-type': 'application/json',
        'webhook-id': notice.id,
        'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
        'webhook-signature': signer.sign(notice.id, now, body),
      };
      try {
        return outcomeOf(await post({ url, headers, body }, config, signal), REFUSALS);
      } catch (error) {
        return unanswered(error, signal);
      }
    },
  };
}

/** The standard's fields `type`, `timestamp` and `data`, and next to them what people read. */
function toPayload({ id, kind, at, pool, audience, title, text, link, data }: Notice) {
  return { id, type: kind, timestamp: at, pool, audience, title, text, link, data };
}
