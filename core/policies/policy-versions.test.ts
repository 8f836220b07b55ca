/** Tests which version of a policy is asked, when dated terms bring another one. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/harness/database.js';
import { credit } from '../../test/harness/money.js';
import { recordTerms } from '../../test/harness/terms.js';
import type { TermsVersion } from '../terms/rules/terms.js';
import { policyChoice } from './asking.js';
import { resolvePolicies } from './resolving.js';
import { PLAIN_TERMS } from './rules/pool-terms.js';

let database: TestDatabase;
let dir: string;
beforeEach(async () => {
  database = await createTestDatabase();
  dir = await mkdtemp(join(tmpdir(), 'openpool-versions-'));
});
afterEach(async () => {
  await database.close();
  await rm(dir, { recursive: true, force: true });
});

/** Dates terms whose policy is this version; `thresholdWei` tells them apart. */
async function date(version: string, thresholdWei: bigint, at?: Date): Promise<void> {
  const module = `./v${version}.mjs`;
  const terms = `terms: () => ({ commissionBps: ${version.charAt(0)}00, reason: 'said' })`;
  const code = `export default { name: 'mine', version: '${version}', ${terms} };`;
  await writeFile(join(dir, module), code);
  const policy = { module, options: {}, hash: module };
  const values = { thresholdWei, minIntervalMs: 0, commissionBps: 2_500, policy };
  await recordTerms(database.db, values, at);
}

const ask = () =>
  resolvePolicies({
    db: database.db,
    choiceOf: (version: TermsVersion) => policyChoice({ baseDir: dir }, version),
    thresholdBounds: PLAIN_TERMS.thresholdBounds,
  });

it('asks the version of today although the terms of a later one are announced', async () => {
  await date('1.0.0', 1n);
  await date('2.0.0', 2n, new Date(Date.now() + 3_600_000));
  await credit(database.db, [1n]);
  expect(await ask()).toMatchObject({ rates: 2, failures: [] });
  await credit(database.db, [1n]);
  expect(await ask()).toMatchObject({ rates: 2, failures: [] });
});

it('asks an earlier version that dated terms bring back', async () => {
  await date('1.0.0', 1n);
  await date('2.0.0', 2n, new Date());
  await credit(database.db, [1n]);
  await ask();
  await date('1.0.0', 3n, new Date());
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(await ask()).toMatchObject({ rates: 1, failures: [] });
});
