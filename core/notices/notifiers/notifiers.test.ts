import { createHmac, randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { beforeEach, describe, expect, it } from 'vitest';
import { describeNotifier } from './contract-test.js';
import type { Notice, NotifierConfig } from './notifier.js';
import { createNotifier } from './registry.js';
import { startTestReceiver, type TestReceiver } from './testing/test-receiver.js';

const KEY = randomBytes(32);
const SECRET = `whsec_${KEY.toString('base64')}`;
const known = { id: 't', module: null, baseDir: '/', addressOf: 'operator' } as const;
const webhookTo = (url: string, more: Partial<NotifierConfig> = {}) =>
  createNotifier({ ...known, kind: 'webhook', options: { url, secret: SECRET }, ...more });
const discordTo = (url: string) => createNotifier({ ...known, kind: 'discord', options: { url } });

const NOTICE: Notice = {
  id: 'ntc_0',
  kind: 'refused',
  at: '2026-01-02T03:04:05.678Z',
  pool: { id: 'pool-1', name: 'Discord @pool' },
  audience: 'operator',
  title: 'A title',
  text: 'Some words.',
  link: null,
  data: { amountWei: '9007199254740993', txHash: null },
};
const never = () => new AbortController().signal;

for (const [kind, make] of [
  ['webhook', webhookTo],
  ['discord', discordTo],
] as const) {
  describeNotifier(kind, async () => {
    const server = await startTestReceiver();
    const taking = server.answer;
    let taken = 0;
    const idOf = (body: string): string => /ntc_\d+/.exec(body)?.[0] ?? '';
    return {
      notifier: await make(`${server.url}/hooks/hunter2`),
      secret: 'hunter2',
      received: async () =>
        server.posted.slice(taken).map(({ body, headers }) => ({
          id: kind === 'webhook' ? String(headers['webhook-id']) : idOf(body),
          raw: body,
        })),
      async breakDown() {
        server.answer = (response) => response.writeHead(503).end('hooks/hunter2 is down');
      },
      async repair() {
        taken = server.posted.length;
        server.answer = taking;
      },
      async hang() {
        server.answer = () => undefined;
      },
      close: () => server.stop(),
    };
  });
}

let receiver: TestReceiver;
beforeEach(async () => {
  receiver = await startTestReceiver();
  return () => receiver.stop();
});

describe('a signed webhook', () => {
  it('can be verified with the secret, by the standard’s library and by hand', async () => {
    await (await webhookTo(receiver.url)).deliver(NOTICE, never());
    const [got] = receiver.posted;
    const headers = got?.headers ?? {};
    const body = got?.body ?? '';
    const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': signature } = headers;
    const given = {
      'webhook-id': `${id}`,
      'webhook-timestamp': `${at}`,
      'webhook-signature': `${signature}`,
    };
    expect(new Webhook(SECRET).verify(body, given)).toMatchObject({
      id: 'ntc_0',
      type: 'refused',
      timestamp: NOTICE.at,
      data: NOTICE.data,
    });
    const mac = createHmac('sha256', KEY).update(`${id}.${at}.${body}`).digest('base64');
    expect(signature).toBe(`v1,${mac}`);
    expect(Math.abs(Number(at) * 1_000 - Date.now())).toBeLessThan(5_000);
    expect(() => new Webhook(SECRET).verify(`${body} `, given)).toThrow();
  });

  it.each([
    [410, 'refused'],
    [413, 'refused'],
    [401, 'try-again'],
    [404, 'try-again'],
    [301, 'try-again'],
    [500, 'try-again'],
    [202, 'delivered'],
  ])('takes an answer %i as %s', async (status, kind) => {
    receiver.answer = (response) => response.writeHead(status, { location: '/other' }).end('x');
    expect(await (await webhookTo(receiver.url)).deliver(NOTICE, never())).toMatchObject({ kind });
    // A redirect is not followed.
    expect(receiver.posted).toHaveLength(1);
  });

  it('says when the receiver wants to be asked again, and that nobody answers', async () => {
    receiver.answer = (response) => response.writeHead(503, { 'retry-after': '7' }).end();
    const notifier = await webhookTo(receiver.url);
    expect(await notifier.deliver(NOTICE, never())).toMatchObject({ afterMs: 7_000 });
    await receiver.stop();
    const away = await notifier.deliver(NOTICE, never());
    expect(away).toMatchObject({ kind: 'try-again', why: expect.stringContaining('ECONNREFUSED') });
    await receiver.restart();
  });

  it.each([
    [{ url: 'ftp://x', secret: SECRET }, /options.url: give a URL/],
    [{ url: 'https://a:b@x', secret: SECRET }, /options.url: put no user name/],
    [{ url: 'https://x' }, /options.secret/],
    [{ url: 'https://x', secret: 'short' }, /openssl rand/],
    [{ url: 'https://x', secret: SECRET, more: 1 }, /more/],
  ])('refuses the options %j in words', async (options, words) => {
    const making = createNotifier({ ...known, kind: 'webhook', options });
    await expect(making).rejects.toMatchObject({ code: 'NOTIFIER_OPTIONS' });
    await expect(making).rejects.toThrow(words);
  });
});

describe('an address that a payee gave', () => {
  const ofPayee = (url: string) => webhookTo(url, { addressOf: 'payee' });

  it('must be by https', async () => {
    await expect(ofPayee('http://example.com/')).rejects.toThrow(/begins with https/);
  });

  it.each([
    'https://127.0.0.1:PORT/',
    'https://localhost:PORT/',
    'https://[::1]:PORT/',
    'https://[::ffff:127.0.0.1]:PORT/',
    'https://2130706433:PORT/',
    'https://0.0.0.0:PORT/',
    'https://169.254.169.254/latest',
    'https://10.0.0.1/',
    'https://100.64.0.1/',
    'https://[fd00::1]/',
  ])('is never reached in a private network: %s', async (url) => {
    const port = new URL(receiver.url).port;
    const notifier = await ofPayee(url.replace('PORT', port));
    const outcome = await notifier.deliver(NOTICE, never());
    expect(outcome).toMatchObject({
      kind: 'try-again',
      why: expect.stringContaining('not allowed'),
    });
    expect(receiver.posted).toEqual([]);
  });

  it('is reached by the operator’s own target there (control)', async () => {
    expect(await (await webhookTo(receiver.url)).deliver(NOTICE, never())).toEqual({
      kind: 'delivered',
    });
  });
});

describe('a Discord webhook', () => {
  const messageOf = () => JSON.parse(receiver.posted[0]?.body ?? '');

  it('sends an embed that mentions nobody and shows texts of others as they are', async () => {
    const notice = {
      ...NOTICE,
      text: '@everyone <@1> **x** [a](http://evil.test)',
      link: 'https://pool.test/',
    };
    await (await discordTo(`${receiver.url}/api/webhooks/1/tok?thread_id=5`)).deliver(
      notice,
      never(),
    );
    expect(receiver.posted[0]?.path).toBe('/api/webhooks/1/tok?thread_id=5&wait=true');
    const message = messageOf();
    expect(message).toMatchObject({
      username: 'pool',
      allowed_mentions: { parse: [] },
      embeds: [{ title: 'A title', url: 'https://pool.test/', timestamp: NOTICE.at }],
    });
    expect(message.content).toBeUndefined();
    const [embed] = message.embeds;
    expect(embed.description).toBe(
      '\\@everyone \\<\\@1\\> \\*\\*x\\*\\* \\[a\\]\\(http:\u200b//evil.test\\)',
    );
    expect(embed.fields).toEqual([{ name: 'amountWei', value: '9007199254740993', inline: true }]);
  });

  it('keeps within Discord’s limits', async () => {
    const data = Object.fromEntries(
      Array.from({ length: 40 }, (_, i) => [`k${i}`, '*'.repeat(9_000)]),
    );
    const long = { ...NOTICE, title: 'x'.repeat(999), text: '_'.repeat(9_999), data };
    await (await discordTo(receiver.url)).deliver(long, never());
    const [embed] = messageOf().embeds;
    expect(embed.title.length).toBeLessThanOrEqual(256);
    expect(embed.description.length).toBeLessThanOrEqual(4_096);
    expect(embed.fields.length).toBeLessThanOrEqual(25);
    const sum = [embed.title, embed.description, embed.footer.text].join('').length;
    const all = embed.fields.reduce(
      (so: number, field: { name: string; value: string }) =>
        so + field.name.length + field.value.length,
      sum,
    );
    expect(all).toBeLessThanOrEqual(6_000);
  });

  it('waits as long as a 429 says, in its body or its header', async () => {
    const notifier = await discordTo(receiver.url);
    receiver.answer = (response) =>
      response.writeHead(429, { 'retry-after': '2' }).end(
        JSON.stringify({
          message: 'You are being rate limited.',
          retry_after: 1.337,
          global: false,
        }),
      );
    expect(await notifier.deliver(NOTICE, never())).toMatchObject({
      kind: 'try-again',
      afterMs: 1_337,
    });
    receiver.answer = (response) => response.writeHead(429, { 'retry-after': '2' }).end('<html>');
    expect(await notifier.deliver(NOTICE, never())).toMatchObject({
      kind: 'try-again',
      afterMs: 2_000,
    });
  });

  it('gives up when the webhook is gone', async () => {
    receiver.answer = (response) => response.writeHead(404).end('{"code": 10015}');
    const outcome = await (await discordTo(receiver.url)).deliver(NOTICE, never());
    expect(outcome).toMatchObject({ kind: 'refused' });
  });
});
