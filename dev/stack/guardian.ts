// Ends the servers of the process that started it when that process dies. Even after kill -9, its end of the pipe to
// the guardian closes. It reports its servers in lines on standard input: "+ <pid> <signal>" when one has started, "-
// <pid>" when it has ended.
import { createInterface } from 'node:readline';
import { birthOf } from '../../core/processes/process-birth.js';

const GRACE_MS = 6_000;
const POLL_MS = 100;
const wards = new Map<
  number,
  { readonly signal: NodeJS.Signals; readonly birth: string | undefined }
>();

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const [sign, pidText, signal = 'SIGTERM'] = line.split(' ');
    const pid = Number(pidText);
    if (sign === '+') wards.set(pid, { signal: signal as NodeJS.Signals, birth: birthOf(pid) });
    else wards.delete(pid);
  })
  .on('close', end);

// Ctrl-C and SIGTERM are ignored: they are meant for the process that started the guardian.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});

async function end(): Promise<void> {
  for (const [pid, ward] of wards) send(pid, ward.signal);
  const deadline = Date.now() + GRACE_MS;
  while (living().length > 0 && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  for (const pid of living()) send(pid, 'SIGKILL');
}

function living(): readonly number[] {
  return [...wards].filter(([pid, { birth }]) => birthOf(pid) === birth).map(([pid]) => pid);
}

function send(pid: number, signal: NodeJS.Signals): void {
  const birth = wards.get(pid)?.birth;
  if (birth === undefined || birthOf(pid) !== birth) return;
  try {
    process.kill(pid, signal);
  } catch {
    // The process has just ended by itself.
  }
}
