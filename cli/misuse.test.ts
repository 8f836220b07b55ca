/** Wrong command lines are refused before anything is contacted, with their own exit code. */
import { describe, expect, it } from 'vitest';
import { runOpenpool } from '../test/harness/command-line.js';
import { BASE, useConfigFiles } from '../test/harness/config-files.js';

const { write, pathOf } = useConfigFiles();
const ALICE = `0x${'a1'.repeat(20)}`;
const because = ['--reason', 'a test'];
const adjust = ['adjust', ALICE, ...because, '--reference', 'R', '--amount'];

async function openpool(...words: readonly string[]) {
  return runOpenpool([...words, '--config', await write(BASE, 'pool.yaml')]);
}

describe('a command line that is wrong', () => {
  it.each([
    ['an address', ['payee', 'show', '0x12'], 'ADDRESS_MALFORMED'],
    ['a payout', ['payout', 'show', '17'], '"17" is no id of a payout'],
    ['a finding', ['finding', 'acknowledge', 'x', ...because], '"x" is no id of a finding'],
    ['an event', ['set-aside', 'show', 'x'], '"x" is no id'],
    ['a time', ['backfill', '--source', 'one', '--from', 'monday'], '"monday" is no time'],
    ['a month', ['archive', 'restore', '2025', ...because], '"2025" is no month'],
    ['a reason', ['wallet', 'halt', '--reason', ' '], 'REASON_MISSING'],
    ['an amount', [...adjust, '5'], 'it has no unit'],
    ['no amount', [...adjust, '0 ETH'], 'zero books nothing'],
    ['a NUL', ['wallet', 'halt', '--reason', 'stop\0'], 'it holds a NUL character'],
    ['half a character', ['status', '\ud800'], 'it holds half of a character'],
    [
      'a day that no calendar has',
      ['backfill', '--source', 'one', '--from', '2025-02-30'],
      'is no time',
    ],
    ['an age', ['unattributed', 'list', '--older-than', '100000000d'], 'at most 36500d'],
    ['a debt that is not booked', ['rebuild', '--allow-debt'], '--allow-debt corrects nothing'],
  ])('ends with 2: %s', async (_, words, said) => {
    const { code, err } = await openpool(...words);
    expect(err).toContain(said);
    expect(code).toBe(2);
  });

  it('names the sources there are before anything is started', async () => {
    const { code, out, err } = await openpool(
      'backfill',
      '--source',
      'nope',
      '--from',
      'beginning',
    );
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/^SOURCE_UNKNOWN: there is no source "nope"; configured: one\n/);
  });

  it('tells the code of a problem with the configuration once, and which option names the file', async () => {
    const { code, err } = await runOpenpool(['status', '--config', pathOf('away.yaml')]);
    expect(code).toBe(2);
    expect(err.match(/CONFIG_FILE_UNREADABLE/g)).toHaveLength(1);
    expect(err).toContain('--config');
  });
});
