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

  it('leaves out what is below its level', () => {
    const { log, lines } = collect(true);
    log.debug('nobody asked');
    expect(lines).toEqual([]);
  });
});
