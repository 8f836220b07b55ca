/** Lets one process at a time create, upgrade and start a data directory. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { birthOf } from '../../processes/process-birth.js';

/** Does the work and returns true. Returns false without doing it while another living process does it. */
export async function withStartLock(dataDir: string, work: () => Promise<void>): Promise<boolean> {
  const path = `${dataDir}.starting`;
  if (!take(path)) return false;
  try {
    await work();
    return true;
  } finally {
    rmSync(path, { force: true });
  }
}

function take(path: string): boolean {
  const me = `${process.pid} ${birthOf(process.pid) ?? ''}`;
  for (let tries = 0; tries < 2; tries += 1) {
    try {
      // Where nothing is set up yet, the directory above is missing too.
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, me, { flag: 'wx', mode: 0o600 });
      return true;
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      // Nothing can be written next to the directory, for example when it is a volume: Postgres' own lock must do.
      if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') return true;
      if (code !== 'EEXIST') throw error;
      if (isHeld(path)) return false;
      rmSync(path, { force: true });
    }
  }
  return false;
}

function isHeld(path: string): boolean {
  try {
    const [pid, birth] = readFileSync(path, 'utf8').split(' ');
    return birth !== undefined && birth !== '' && birthOf(Number(pid)) === birth;
  } catch {
    return false;
  }
}
