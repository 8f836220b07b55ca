/** Posts notices to a channel of Discord, as embeds by a webhook of the channel. */
import { z } from 'zod';
import { fieldOf } from '../../base/causes.js';
import type { Notice, Notifier, NotifierConfig } from './notifier.js';
import { checkAddress, checkOptions, webhookUrl } from './options.js';
import { outcomeOf, type PostAnswer, post, unanswered } from './posting.js';

const discordOptions = z.strictObject({
  /** The webhook's URL, which is a secret: whoever has it can write to the channel. Better as `urlFile`. */
  url: webhookUrl,
});

/** 400: it does not take this message; 401, 403 and 404: the webhook was removed, or is another one. */
const REFUSALS = [400, 401, 403, 404];

/** In characters: Discord takes 6,000 in sum, and 256 in a title. */
const LONGEST_TITLE = 256;
const LONGEST_TEXT = 2_500;
const LONGEST_FIELD = 200;
const MOST_FIELDS = 12;

const GREEN = 0x2e_a0_43;
const AMBER = 0xd2_99_22;
const RED = 0xcf_22_2e;
const GREY = 0x6e_77_81;
const COLOURS: Readonly<Record<Notice['kind'], number>> = {
  paid: GREEN,
  'halt-ended': GREEN,
  reopened: AMBER,
  waiting: AMBER,
  'wallet-low': AMBER,
  'source-silent': AMBER,
  finding: AMBER,
  'worker-offline': AMBER,
  'worker-state': AMBER,
  destination: AMBER,
  refused: RED,
  halted: RED,
  drift: RED,
  'terms-change': GREY,
  invitation: GREY,
  test: GREY,
};

/** Makes a notifier of kind `discord`; throws NOTIFIER_OPTIONS. */
export async function createDiscord(config: NotifierConfig): Promise<Notifier> {
  const { url } = await checkOptions(config, discordOptions);
  checkAddress(url, config);
  // Without `wait` Discord answers before it has stored the message.
  url.searchParams.set('wait', 'true');
  return {
    sendsTo: url.origin,
    async deliver(notice, signal) {
      const body = JSON.stringify(toMessage(notice));
      const headers = { 'content-type': 'application/json' };
      try {
        const answer = await post({ url, headers, body }, config, signal);
        return outcomeOf({ ...answer, retryAfterMs: pauseOf(answer) }, REFUSALS);
      } catch (error) {
        return unanswered(error, signal);
      }
    },
  };
}

/** Discord says in the body of a 429, in seconds with a fraction, when it takes the next message. */
function pauseOf({ status, text, retryAfterMs }: PostAnswer): number | undefined {
  if (status !== 429) return retryAfterMs;
  const seconds = readSeconds(text);
  return seconds === undefined ? retryAfterMs : Math.ceil(seconds * 1_000);
}

function readSeconds(text: string): number | undefined {
  try {
    const seconds = fieldOf(JSON.parse(text), 'retry_after');
    return typeof seconds === 'number' && seconds >= 0 && seconds < 86_400 ? seconds : undefined;
  } catch {
    return undefined;
  }
}

function toMessage(notice: Notice) {
  const { id, kind, at, pool, title, text, link, data } = notice;
  const fields = Object.entries(data)
    .filter(([, value]) => value !== null && value !== '')
    .slice(0, MOST_FIELDS)
    .map(([name, value]) => ({
      name,
      value: cut(plain(String(value)), LONGEST_FIELD),
      inline: true,
    }));
  const embed = {
    title: cut(plain(title), LONGEST_TITLE),
    description: cut(plain(text), LONGEST_TEXT),
    color: COLOURS[kind],
    timestamp: at,
    footer: { text: cut(`${pool.name} · ${id}`, LONGEST_FIELD) },
    fields,
  };
  return {
    username: cut(usernameOf(pool.name), 80),
    allowed_mentions: { parse: [] },
    embeds: [link === null ? embed : { ...embed, url: link }],
  };
}

/** Discord refuses names that contain its own, or these signs. */
function usernameOf(name: string): string {
  return name.replace(/discord|clyde|[@#:`]/giu, '').trim() || 'openpool';
}

/** Escapes Discord's markdown, mentions and links, so that a text that others wrote shows as it is. */
function plain(text: string): string {
  return text
    .replace(/[\\*_~`|>[\]()#<@-]/gu, (sign) => `\\${sign}`)
    .replace(/:\/\//gu, ':\u200b//');
}

function cut(text: string, longest: number): string {
  return text.length <= longest ? text : `${text.slice(0, longest - 1).toWellFormed()}…`;
}
