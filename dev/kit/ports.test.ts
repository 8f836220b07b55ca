import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { freePort, onFreePort } from './ports.js';

it('returns a port that no outgoing connection takes, and the wished one when it is free', async () => {
  const ports = await Promise.all(Array.from({ length: 20 }, () => freePort()));
  for (const port of ports) expect(port).toBeLessThan(32_768);
  expect(new Set(ports).size).toBeGreaterThan(15);
  const [wished = 0] = ports;
  expect(await freePort(wished)).toBe(wished);
});

it('starts on another port when the first was taken between the check and the start', async () => {
  const rival = createServer();
  const tried: number[] = [];
  const wished = await freePort();
  const port = await onFreePort(wished, async (given) => {
    tried.push(given);
    if (tried.length > 1) return given;
    await new Promise<void>((resolve) => rival.listen(given, '127.0.0.1', resolve));
    throw new Error('postgres ended while starting: could not bind: Address already in use');
  });
  expect(tried).toEqual([wished, port]);
  expect(port).not.toBe(wished);
  rival.close();
});

it('does not try again after another error, nor for ever', async () => {
  let tries = 0;
  const failing = (words: string) =>
    onFreePort(undefined, async () => {
      tries += 1;
      throw new Error(words);
    });
  await expect(failing('no such file')).rejects.toThrow('no such file');
  expect(tries).toBe(1);
  await expect(failing('listen EADDRINUSE')).rejects.toThrow('EADDRINUSE');
  expect(tries).toBe(4);
});
