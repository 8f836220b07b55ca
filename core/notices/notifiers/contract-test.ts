/** Tests what every notifier must do: its author calls `describeNotifier` from a vitest file. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Notice, Notifier } from './notifier.js';

/** What reached the receiver in one delivery. */
export interface Received {
  /** The notice's id, wherever the notifier puts it. */
  readonly id: string;
  /** Everything that arrived, as one text: a body with its headers, a line of a file. */
  readonly raw: string;
}

export interface NotifierFixture {
  readonly notifier: Notifier;
  /** A password or token among the options, which must appear in nothing that people read; null when there is none. */
  readonly secret: string | null;
  /** Returns everything that arrived so far, in order. */
  received(): Promise<readonly Received[]>;
  /** Makes the receiver fail from now on, so that it would work later; null when it cannot. */
  readonly breakDown: (() => Promise<void>) | null;
  /** Ends what `breakDown` began; null when it cannot fail. */
  readonly repair: (() => Promise<void>) | null;
  /** Lets the receiver take a delivery and never answer; null when it always answers at once. */
  readonly hang: (() => Promise<void>) | null;
  close(): Promise<void>;
}

/** Signs that break formats in which a text is only pasted: quotes, line ends, markup, mentions, ends of messages. */
const HOSTILE =
  '"}]\n\\ </script> **bold** `code` @everyone <@1> [x](http://evil.test) \u202e ä 💸';

export function describeNotifier(kind: string, open: () => Promise<NotifierFixture>): void {
  describe(`a notifier of kind ${kind}`, () => {
    let fixture: NotifierFixture;
    beforeEach(async () => {
      fixture = await open();
    });
    afterEach(() => fixture.close());
    const deliver = (notice: Notice) =>
      fixture.notifier.deliver(notice, new AbortController().signal);

    it('delivers a notice once, with its id', async () => {
      expect(await deliver(sample(1))).toEqual({ kind: 'delivered' });
      expect((await fixture.received()).map(({ id }) => id)).toEqual(['ntc_1']);
    });

    it('delivers it again under the same id when it is told to', async () => {
      await deliver(sample(1));
      await deliver(sample(1));
      await deliver(sample(2));
      const ids = (await fixture.received()).map(({ id }) => id);
      expect(ids).toEqual(['ntc_1', 'ntc_1', 'ntc_2']);
    });

    it('brings the exact wei', async () => {
      await deliver(sample(1));
      expect((await fixture.received())[0]?.raw).toContain('9007199254740993');
    });

    it('takes texts of others as texts', async () => {
      const hostile = { ...sample(3), title: HOSTILE, text: HOSTILE, data: { reason: HOSTILE } };
      expect(await deliver(hostile)).toEqual({ kind: 'delivered' });
      expect((await fixture.received()).map(({ id }) => id)).toEqual(['ntc_3']);
    });

    it('takes a notice without a link, and with one', async () => {
      expect(await deliver({ ...sample(4), link: null })).toEqual({ kind: 'delivered' });
      const link = 'https://pool.test/payees/0x52908400098527886E0F7030069857D2E4169EE7';
      expect(await deliver({ ...sample(5), link })).toEqual({ kind: 'delivered' });
    });

    it('says in words why it could not deliver, and delivers later', async ({ skip }) => {
      if (fixture.breakDown === null || fixture.repair === null) return skip('it cannot fail');
      await fixture.breakDown();
      const outcome = await deliver(sample(6));
      expect(outcome).toMatchObject({ kind: 'try-again', why: expect.stringMatching(/\S/) });
      if (fixture.secret !== null) expect(JSON.stringify(outcome)).not.toContain(fixture.secret);
      await fixture.repair();
      expect(await deliver(sample(6))).toEqual({ kind: 'delivered' });
    });

    it('stops with an error when the delivery is aborted', async ({ skip }) => {
      if (fixture.hang === null) return skip('it always answers at once');
      await fixture.hang();
      const aborter = new AbortController();
      const delivery = fixture.notifier.deliver(sample(7), aborter.signal);
      setTimeout(() => aborter.abort(new Error('told to stop')), 50);
      await expect(delivery).rejects.toThrow('told to stop');
    });

    it('says where it sends to, without a secret', () => {
      expect(fixture.notifier.sendsTo).not.toBe('');
      if (fixture.secret !== null) expect(fixture.notifier.sendsTo).not.toContain(fixture.secret);
    });
  });
}

function sample(n: number): Notice {
  return {
    id: `ntc_${n}`,
    kind: 'paid',
    at: '2026-01-02T03:04:05.678Z',
    pool: { id: 'pool-1', name: 'a pool' },
    audience: 'payee',
    title: 'You were paid 0.009007199254740993 ETH',
    text: 'It arrived, and the transfer is confirmed.',
    link: null,
    data: { payoutId: '00000000-0000-4000-8000-000000000000', amountWei: '9007199254740993' },
  };
}
