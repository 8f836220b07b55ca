import { expect, it } from 'vitest';
import { startProcess } from './process.js';

const start = (script: string) =>
  startProcess({ name: 'child', command: process.execPath, args: ['-e', script] });

it('has the last output of a process once it has ended, killed or not', async () => {
  const words = `require('fs').writeSync(1, 'x'.repeat(40_000) + '\\nlast words\\n');`;
  for (const end of ["process.kill(process.pid, 'SIGKILL')", 'process.exit(3)']) {
    const children = Array.from({ length: 15 }, () => start(`${words}${end}`));
    // The event loop is busy until all of them are gone, so their exits and their output are handled in one turn.
    const untilMs = performance.now() + 1_500;
    while (performance.now() < untilMs);
    for (const child of children) {
      expect(await child.ended).toBe(end.includes('exit') ? 3 : 'SIGKILL');
      expect(child.tail()).toContain('last words');
    }
  }
});

it('does not wait for output of the process’s own children', async () => {
  const sleeper = `require('child_process').spawn('sleep', ['5'], { stdio: 'inherit', detached: true }).unref();`;
  const startedMs = performance.now();
  expect(await start(`${sleeper}process.exit(0)`).ended).toBe(0);
  expect(performance.now() - startedMs).toBeLessThan(4_000);
});
