import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CATALOGUE } from '../core/base/errors/catalogue.js';
import { DISCREPANCY_CODES } from '../core/checks/rules/discrepancies.js';
import { AILMENTS } from '../core/diagnosis/rules/checks.js';
import { REFUSALS } from '../core/events/rules/reading/refusals.js';
import { REBUILD_CODES } from '../core/history/rules/rebuild-tally.js';
import { WAIT_CODES } from '../core/payouts/rules/payout.js';
import { FINDING_CODES } from '../core/sentinel/rules/finding.js';
import { withErrorTables } from './error-tables.js';

const doc = readFileSync(new URL('../docs/operations.md', import.meta.url), 'utf8');
const rows = [...doc.matchAll(/^\| `([A-Z_]+)` \|/gm)].map((match) => match[1]);

const known: readonly string[] = [
  ...Object.keys(CATALOGUE),
  ...Object.keys(REFUSALS),
  ...Object.keys(AILMENTS),
  ...WAIT_CODES,
  ...DISCREPANCY_CODES,
  ...FINDING_CODES,
  ...REBUILD_CODES,
];

describe('docs/operations.md', () => {
  it.each(known)('has an entry for %s', (code) => {
    expect(rows).toContain(code);
  });

  it('says of each error what the catalogue says: `npm run error-table` writes it', () => {
    expect(doc).toBe(withErrorTables(doc));
  });

  it('has no entry for a code that is gone', () => {
    expect(rows.filter((code) => code === undefined || !known.includes(code))).toEqual([]);
  });
});
