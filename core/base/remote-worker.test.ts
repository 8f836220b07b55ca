import { expect, it } from 'vitest';
import { remoteWorkerKey } from './remote-worker.js';

it('has a key that no other remote worker has', () => {
  const worker = { payee: '0xaa', nodeType: 'ai', region: 'eu/ai' } as const;
  expect(remoteWorkerKey(worker)).toBe('0xaa/ai/eu/ai');
});
