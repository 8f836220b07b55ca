/** The configuration of a pool whose database is real and of which nothing else runs: for commands that need only Postgres. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { runOpenpool } from './command-line.js';

/** What a file of that pool says. `more` adds sections, or replaces them. */
export const quietConfig = (databaseUrl: string, more: Readonly<Record<string, unknown>> = {}) => ({
  sources: [
    {
      id: 'one',
      region: 'eu',
      nodeType: 'ai',
      from: 'beginning',
      options: { endpoint: 'https://one.example.com' },
    },
  ],
  database: { url: databaseUrl },
  temporal: { address: '127.0.0.1:1' },
  chain: { id: 31_337, rpcUrls: ['http://127.0.0.1:1'] },
  wallet: { keystoreFile: 'none', passphraseFile: 'none' },
  ...more,
});

/** Writes that file into a directory of its own, and runs commands with it. `close` removes the directory. */
export async function openQuietPool(databaseUrl: string, more?: Readonly<Record<string, unknown>>) {
  const dir = await mkdtemp(join(tmpdir(), 'openpool-quiet-'));
  const write = async (name: string, text: string): Promise<string> => {
    const path = join(dir, name);
    await writeFile(path, text, { mode: 0o600 });
    return path;
  };
  const config = await write('pool.yaml', stringify(quietConfig(databaseUrl, more)));
  return {
    dir,
    write,
    openpool: (...words: readonly string[]) => runOpenpool([...words, '--config', config]),
    close: () => rm(dir, { recursive: true, force: true }),
  };
}
