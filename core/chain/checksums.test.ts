import { describe, expect, it } from 'vitest';
import { withChecksums } from './checksums.js';

const LOWER = '0x00000000000000000000000000000000000a11ce';
const SHOWN = '0x00000000000000000000000000000000000A11cE';
const HASH = `0x${'ab'.repeat(32)}`;

describe('addresses in what is shown', () => {
  it('have their checksums inside sentences, lists and fields', () => {
    const at = new Date(0);
    const report = { words: `1 wei for ${LOWER} (ai, eu): "${LOWER}"`, at, ok: true, none: null };
    expect(withChecksums([{ report, payee: LOWER }])).toEqual([
      { report: { ...report, words: `1 wei for ${SHOWN} (ai, eu): "${SHOWN}"` }, payee: SHOWN },
    ]);
  });

  it('stay as they are in hashes, in ids and in URLs', () => {
    for (const text of [HASH, `repair/adjust/${LOWER} runs`, `https://scan.example/${LOWER}`]) {
      expect(withChecksums(text)).toBe(text);
    }
  });
});
