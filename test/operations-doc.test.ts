import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CATALOGUE } from '../core/base/errors/pool-error.js';
import { DISCREPANCY_CODES } from '../core/checks/rules/discrepancies.js';
import { REFUSALS } from '../core/events/rules/reading/refusals.js';
import { REBUILD_CODES } from '../core/history/rules/rebuild.js';
import { WAIT_CODES } from '../core/payouts/rules/payout.js';
import { FINDING_CODES } from '../core/sentinel/rules/finding.js';

const doc = readFileSync(new URL('../docs/operations.md', import.meta.url), 'utf8');
const rows = [...doc.matchAll(/^\| `([A-Z_]+)` \|/gm)].map((match) => match[1]);

const known: readonly string[] = [
  ...Object.keys(CATALOGUE),
  ...Object.keys(REFUSALS),
  ...WAIT_CODES,
  ...DISCREPANCY_CODES,
  ...FINDING_CODES,
  ...REBUILD_CODES,
];

describe('docs/operations.md', () => {
  it.each(known)('has an entry for %s', (code) => {
    expect(rows).toContain(code);
  });

  it.each(Object.entries(CATALOGUE))('says of %s what the error itself says', (code, entry) => {
    const triesAgain = entry.final ? 'no' : 'yes';
    expect(doc.split('\n')).toContain(`| \`${code}\` | ${triesAgain} | ${entry.help} |`);
  });

  it.each(Object.entries(REFUSALS))('says of %s what the program says', (code, { help }) => {
    expect(doc.split('\n')).toContain(`| \`${code}\` | ${help} |`);
  });

  it('has no entry for a code that is gone', () => {
    expect(rows.filter((code) => code === undefined || !known.includes(code))).toEqual([]);
  });
});
