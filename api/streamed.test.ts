import { setImmediate as nextTurn } from 'node:timers/promises';
import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { toErrorAnswer } from '../client/error-answers.js';
import { streamed } from './streamed.js';

/** An app whose long answers stop after their first part, until they may go on. */
function slowApp() {
  let goOn = () => {};
  const mayGoOn = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  async function* parts() {
    yield 'first\n';
    await mayGoOn;
    yield '';
    yield 'last\n';
  }
  const app = new Hono();
  app.get('/:who', (c) => {
    const hasToken = c.req.param('who') === 'token';
    return streamed({ c, shows: { words: hasToken, addresses: hasToken } }, parts(), {});
  });
  app.onError((error, c) => c.json({}, toErrorAnswer(error).status));
  const ask = (who: 'token' | 'stranger', remoteAddress: string) =>
    app.request(`/${who}`, {}, { incoming: { socket: { remoteAddress } } });
  return { ask, goOn: () => goOn() };
}

describe('long answers', () => {
  it('leave room for those with a token, and for other addresses', async () => {
    const { ask, goOn } = slowApp();
    const taken = [await ask('stranger', '203.0.113.1')];
    expect((await ask('stranger', '203.0.113.1')).status).toBe(503);
    taken.push(await ask('stranger', '2001:db8::1'));
    expect((await ask('stranger', '2001:db8::2')).status).toBe(503);
    expect((await ask('stranger', '203.0.113.2')).status).toBe(503);
    for (let n = 0; n < 2; n += 1) taken.push(await ask('token', '203.0.113.1'));
    expect((await ask('token', '203.0.113.1')).status).toBe(503);
    expect(taken.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    goOn();
    for (const one of taken) expect(await one.text()).toBe('first\nlast\n');
  });

  it('lets readers behind a proxy, who share its address, take as many as there are', async () => {
    const { ask, goOn } = slowApp();
    const taken = [await ask('stranger', '10.0.0.1'), await ask('stranger', '10.0.0.1')];
    expect(taken.map(({ status }) => status)).toEqual([200, 200]);
    goOn();
    for (const one of taken) await one.text();
  });

  it('count until their work has ended, also when the client has gone', async () => {
    const { ask, goOn } = slowApp();
    for (const address of ['203.0.113.1', '203.0.113.2']) {
      const reader = (await ask('stranger', address)).body?.getReader();
      await reader?.read();
      void reader?.read();
      await nextTurn();
      void reader?.cancel();
    }
    const third = async () => {
      const response = await ask('stranger', '203.0.113.3');
      await response.body?.cancel();
      return response.status;
    };
    expect(await third()).toBe(503);
    goOn();
    await expect.poll(third).toBe(200);
  });
});
