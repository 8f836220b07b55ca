/** Runs the operator's commands in this process, because dozens of processes would take minutes. */
import { vi } from 'vitest';
import { runCommandLine } from '../../cli/program.js';

export interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs one command at a time: everything that is printed meanwhile counts as its output. */
export async function runOpenpool(words: readonly string[]): Promise<Said> {
  const said = { out: '', err: '' };
  const hear = (stream: 'out' | 'err') => (text: string | Uint8Array) => {
    said[stream] += text.toString();
    return true;
  };
  vi.spyOn(process.stdout, 'write').mockImplementation(hear('out'));
  vi.spyOn(process.stderr, 'write').mockImplementation(hear('err'));
  try {
    await runCommandLine(words);
    return { code: Number(process.exitCode ?? 0), ...said };
  } finally {
    vi.restoreAllMocks();
    process.exitCode = undefined;
  }
}
