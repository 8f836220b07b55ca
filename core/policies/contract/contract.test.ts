import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contractFaults } from './contract.js';

let dir: string;
let files = 0;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'openpool-policy-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** Checks a policy of this source; `body` stands in its function `terms`. */
/** A busy machine answers late, so only a policy that hangs gets a short time. */
const PATIENT_MS = 10_000;

async function check(body: string, before = '', timeLimitMs = PATIENT_MS) {
  files += 1;
  const module = join(dir, `policy-${files}.mjs`);
  await writeFile(
    module,
    `${before}\nexport default { name: 'mine', version: '1',
      terms(worker, at, options) { ${body} } };`,
  );
  return contractFaults({ module, timeLimitMs });
}

const GOOD = `const jobs = worker.lastDays.slice(0, 30).reduce((sum, day) => sum + day.jobs, 0);
  return { commissionBps: jobs >= 1000 ? 1500 : 2500, reason: jobs >= 1000 ? 'busy' : 'default' };`;

/** A policy that is good but for one fault, and the words by which the contract test tells it. */
const FAULTS: Readonly<Record<string, readonly [body: string, words: RegExp, before?: string]>> = {
  'reads the clock': [
    `return { commissionBps: Date.now() > 0 ? 1 : 2, reason: 'now' };`,
    /a policy has no clock/,
  ],
  'reads the clock by a new Date': [
    `return { commissionBps: new Date().getUTCDay(), reason: 'day' };`,
    /a policy has no clock/,
  ],
  'asks for the local hour': [
    `return { commissionBps: new Date(at).getHours(), reason: 'hour' };`,
    /a policy has no time zone/,
  ],
  'draws lots': [
    `return { commissionBps: Math.floor(Math.random() * 100), reason: 'luck' };`,
    /a policy has no randomness/,
  ],
  'draws lots with node:crypto': [
    `return { commissionBps: randomInt(100), reason: 'luck' };`,
    /crypto.randomInt: a policy has no randomness/,
    `import { randomInt } from 'node:crypto';`,
  ],
  'asks the network': [
    `fetch('http://localhost:1'); return { commissionBps: 1, reason: 'price' };`,
    /a policy has no network/,
  ],
  'reads a file': [
    `return { commissionBps: readFileSync('/etc/hostname').length, reason: 'file' };`,
    /fs.readFileSync: a policy has no files/,
    `import { readFileSync } from 'node:fs';`,
  ],
  'reads a file while it loads': [
    GOOD,
    /fs.readFileSync: a policy has no files/,
    `import fs from 'node:fs'; const table = fs.readFileSync('/etc/hostname');`,
  ],
  'remembers what it was asked before': [
    `count += 1; return { commissionBps: count % 7, reason: 'turn' };`,
    /it answered .+ and then/,
    'let count = 0;',
  ],
  'takes more than everything': [
    `return { commissionBps: 10_001, reason: 'greed' };`,
    /commissionBps is 10001 and not a whole number of basis points/,
  ],
  'answers with a fraction': [
    `return { commissionBps: 2_500 / 3, reason: 'third' };`,
    /commissionBps is 833/,
  ],
  'promises a bonus above its commission': [
    `return { commissionBps: 100, bonusBps: 101, reason: 'gift' };`,
    /bonusBps is above commissionBps/,
  ],
  'answers with an amount': [
    `return { commissionBps: 100, reason: 'pay', payWei: 10n ** 18n };`,
    /unknown field "payWei"/,
  ],
  'fails for a worker that nobody knows': [
    `return { commissionBps: worker.firstSeenAt.length, reason: 'age' };`,
    /it failed: Cannot read properties of null/,
  ],
  'fails for a worker without figures': [
    `return { commissionBps: worker.lastDays[0].jobs > 5 ? 1 : 2, reason: 'jobs' };`,
    /with 0 days of figures.+it failed/,
  ],
  'changes what it is given': [
    `worker.lastDays.reverse(); ${GOOD}`,
    /it failed: Cannot assign to read only property/,
  ],
  'is asynchronous': [
    `return Promise.resolve({ commissionBps: 1, reason: 'later' });`,
    /no plain object/,
  ],
  'says nothing': ['', /it answered undefined and no object/],
  'gives no reason': [`return { commissionBps: 1 };`, /reason is undefined and not a text/],
  'hides a sign in its reason': [
    `return { commissionBps: 1, reason: 'a\\u202eb' };`,
    /characters that nobody sees/,
  ],
  'changes before the moment that it named': [
    `const late = at >= '2026-03-20'; return { commissionBps: late ? 2 : 1, reason: 'x', until: '2200-01-01T00:00:00Z' };`,
    /it answers otherwise before 2200/,
  ],
  'names a moment that has gone by': [
    `return { commissionBps: 1, reason: 'x', until: at };`,
    /until is not later/,
  ],
};

describe('the contract test of policies', () => {
  it('finds nothing wrong with a good policy', async () => {
    expect(await check(GOOD)).toEqual([]);
  });

  it.each(Object.entries(FAULTS))(
    'catches a policy that %s',
    async (_name, [body, words, before = '']) => {
      const faults = await check(body, before);
      expect(faults[0]?.words).toMatch(words);
    },
  );

  it('catches a policy that hangs for one worker, and asks about the others', async () => {
    const hanging = `if (worker.lastDays.length === 90 && worker.lastDays[0].jobs === 1) for (;;); ${GOOD}`;
    const faults = await check(hanging, '', 200);
    expect(faults[0]?.words).toMatch(/it gave no answer within 200 ms/);
  });

  it('catches a module that is no policy, or refuses its options', async () => {
    const module = join(dir, 'empty.mjs');
    await writeFile(module, 'export const x = 1;');
    expect(await contractFaults({ module })).toMatchObject([{ rule: 'loads' }]);
    const good = join(dir, 'good.mjs');
    await writeFile(good, `export default { name: 'Mine!', version: '1', terms() { ${GOOD} } };`);
    const options = { rate: 1 };
    expect((await contractFaults({ module: good, options }))[0]?.words).toMatch(
      /takes none; remove rate/,
    );
  });
});
