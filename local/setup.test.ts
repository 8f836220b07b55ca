import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

test('set-up is silent and quick when nothing is left to do', () => {
  const script = fileURLToPath(new URL('./setup.mjs', import.meta.url));
  const before = Date.now();
  const done = spawnSync(process.execPath, [script], { encoding: 'utf8' });
  expect(done).toMatchObject({ status: 0, stdout: '', stderr: '' });
  // Under a second on an idle machine.
  expect(Date.now() - before).toBeLessThan(5_000);
});
