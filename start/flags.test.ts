/** The programs as people start them: wrong flags are answered with the usage. */
import { execFile } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { compiled } from '../test/harness/script.js';

function run(script: string, ...words: readonly string[]) {
  return new Promise<{ readonly code: unknown; readonly out: string; readonly err: string }>(
    (resolve) =>
      execFile(process.execPath, [compiled(script), ...words], (error, out, err) =>
        resolve({ code: error?.code ?? 0, out, err }),
      ),
  );
}

describe('a program', () => {
  it.each([
    ['main.ts', 'npm start -- --config <file>'],
    ['worker/main.ts', 'npm run worker -- --config <file>'],
    ['api/main.ts', 'npm run api -- --config <file>'],
    ['test/chaos/main.ts', 'npm run chaos'],
    ['test/simulation/main.ts', 'npm run simulate'],
  ])('%s shows how it is used when asked, and when a flag is wrong', async (entry, usage) => {
    const [asked, wrong] = await Promise.all([run(entry, '--help'), run(entry, '--sed=7')]);
    expect(asked).toMatchObject({ code: 0, err: '' });
    expect(asked.out).toContain(usage);
    expect(wrong).toMatchObject({ code: 2, out: '' });
    expect(wrong.err).toMatch(/^Unknown option '--sed'/);
    expect(wrong.err).toContain(usage);
    expect(wrong.err).not.toMatch(/^ +at /m);
  });
});
