import { describe, expect, it } from 'vitest';
import { foreignText, visible, visibleJson } from './foreign-text.js';

describe('a text that somebody else wrote', () => {
  it.each([
    [
      'Request cannot be constructed from a URL that includes credentials: http://alice:s3cretpw@10.0.0.1:21603/v2/KEY123',
      'Request cannot be constructed from a URL that includes credentials: 10.0.0.1:21603',
    ],
    ['see https://a:b/c@d@node.example/KEY?apikey=1.', 'see node.example.'],
    ['(postgres://pool:p%40ss@db:5432/pool)', '(db:5432)'],
    ['connect to [https://[::1]:8545/key] failed', 'connect to [[::1]:8545] failed'],
    ['GET /x?apiKey=abc123&token=t0k&n=1 failed', 'GET /x?apiKey=…&token=…&n=1 failed'],
    ['{"secretKey":"hush hush","n":1}', '{"secretKey":…,"n":1}'],
    ['Authorization: Bearer abcdefghijkl was wrong', 'Authorization: … was wrong'],
    ['login pool:hush@db failed', 'login db failed'],
    [
      'Unexpected token \'<\', "<html>" is not valid JSON',
      'Unexpected token \'<\', "<html>" is not valid JSON',
    ],
    ['insufficient funds for gas * price + value', 'insufficient funds for gas * price + value'],
  ])('is quoted without secrets: %s', (said, quoted) => {
    expect(foreignText(said)).toBe(quoted);
  });

  it('keeps a hash and not the bytes of a transaction', () => {
    const hash = `0x${'ab'.repeat(32)}`;
    expect(foreignText(`known: ${hash}`)).toBe(`known: ${hash}`);
    expect(foreignText(`bad raw 0x${'02f8'.repeat(60)}`)).toBe('bad raw 0x02f802f8…');
    expect(foreignText(Buffer.alloc(150, 7).toString('base64')).length).toBeLessThan(20);
  });

  it('has its control sequences and direction marks spelled out', () => {
    expect(foreignText('a\u001b[2J\r\nb\u009b1m\u202ec\u2066d\u0000')).toBe(
      String.raw`a\x1b[2J b\x9b1m\u202ec\u2066d\x00`,
    );
    expect(visible('a\nb\r\u007f', 'lines')).toBe('a\nb\\x0d\\x7f');
    expect(visible('half \ud800')).toBe('half \ufffd');
  });

  it('keeps the value of JSON that is parsed afterwards', () => {
    const value = { said: 'a\u001b\u009b\u202e\u007f"\\' };
    const shown = visibleJson(JSON.stringify(value, null, 2));
    expect(shown).not.toMatch(/\u202e|[^\P{Cc}\n]/u);
    expect(JSON.parse(shown)).toEqual(value);
  });

  it('is cut to 300 characters', () => {
    expect(foreignText('x '.repeat(1_000_000)).length).toBe(300);
    expect(foreignText(new AggregateError([new Error('one'), new Error('two')]))).toBe('one; two');
    expect(foreignText(undefined)).toBe('undefined');
  });
});
