import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

const START_TIME_FIELD = 19;

/**
 * Returns when a process began, as the operating system reports it; undefined when there is no such process, or only
 * its zombie. Pids are reused, so only the pid and the time of birth together name one process for good.
 */
export function birthOf(pid: number): string | undefined {
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  if (existsSync('/proc/self/stat')) return birthInProc(pid);
  const told = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' });
  return told.stdout?.trim() || undefined;
}

function birthInProc(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The process name in parentheses may itself contain blanks and parentheses.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[START_TIME_FIELD];
  } catch {
    return undefined;
  }
}
