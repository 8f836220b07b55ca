import { expect, it } from 'vitest';
import { answerKeyOf } from './answer-key.js';

it.each([
  ['/?x=1&days=7', '/?days=7'],
  ['/?days=8', '/'],
  ['/transcoders?filtered=True&filtered=no&live=0123456789abcdef', '/transcoders?filtered=True'],
  ['/pool?live=0123456789abcdef', '/pool?live=0123456789abcdef'],
  ['/pool?live=1', '/pool'],
  ['/metrics?format=csv', '/metrics'],
  ['/v1/payees?limit=3&x=%20', '/v1/payees?limit=3&x=%20'],
  ['/payees?address=0x12', '/payees?address=0x12'],
])('an answer to %s is kept for %s', (asked, key) => {
  expect(answerKeyOf(`http://pool${asked}`)).toBe(key);
});
