import { DrizzleQueryError } from 'drizzle-orm';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { createLog } from './log.js';

describe('the log', () => {
  function collect(plain: boolean) {
    const lines: string[] = [];
    const log = createLog({ level: 'info', plain, write: (line) => lines.push(line) });
    return { log, lines };
  }

  it('is one JSON object a line, with the level in words', () => {
    const { log, lines } = collect(false);
    log.warn({ code: 'RPC_UNREACHABLE', amountWei: 10n }, 'no endpoint answers');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 'warn',
      code: 'RPC_UNREACHABLE',
      msg: 'no endpoint answers',
    });
  });

  it('is readable in a terminal', () => {
    const { log, lines } = collect(true);
    log.info({ source: 'eu-1', events: 3 }, 'synced');
    expect(lines[0]).toMatch(/^20\S+Z info {2}synced source=eu-1 events=3\n$/);
  });

  it.each([
    ['in a terminal', true],
    ['as JSON', false],
  ])('passes no orders on that an orchestrator wrote: %s', (_, plain) => {
    const { log, lines } = collect(plain);
    const said = 'a\u001b[2Jb\u009b2Jc\u202ed\u2066e\u007ff\r';
    log.warn({ said, list: [said] }, said);
    const line = lines.join('');
    expect(line.trimEnd()).not.toMatch(/[\p{Cc}\u202e\u2066]/u);
    expect(line).toContain(plain ? String.raw`a\x1b[2Jb\x9b2Jc` : String.raw`a\u001b[2Jb\u009b2Jc`);
    if (!plain) expect(JSON.parse(line)).toMatchObject({ msg: said, said });
  });

  it('keeps of a failed statement its state and cause, and not its parameters', () => {
    const { log, lines } = collect(false);
    const detail = 'Failing row contains (s3cret).';
    const refused = Object.assign(new pg.DatabaseError('violates x', 10, 'error'), { detail });
    const error = new DrizzleQueryError('INSERT INTO t VALUES ($1)', ['s3cret'], refused);
    log.error({ err: error }, 'fault');
    log.error({ err: new Error('wrapped', { cause: error }) }, 'fault');
    log.error({ err: new Error('no answer of http://a:s3cret@host/s3cret') }, 'fault');
    expect(lines.join('')).not.toMatch(/s3cret|params/);
    expect(lines[0]).toContain('violates x, in INSERT INTO t');
    expect(JSON.parse(lines[1] ?? '')).toMatchObject({
      err: { cause: { type: 'StatementError' } },
    });
    expect(lines[2]).toContain('no answer of host');
  });

  it('leaves out what is below its level', () => {
    const { log, lines } = collect(true);
    log.debug('nobody asked');
    expect(lines).toEqual([]);
  });
});
