/** Configurations as files, in a directory of the test file's own. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { loadConfig } from '../../config/config.js';
import { ConfigError } from '../../config/reading/problem.js';

/** The least that a pool has to say; fourteen lines. */
export const BASE = `pool:
  name: test
sources:
  - id: one
    region: eu
    nodeType: ai
    from: beginning
    options:
      endpoint: https://one.example.com:7935
database:
  url: postgres://pool@localhost/pool
chain:
  rpcUrls: [http://localhost:8545]
wallet:
  keystoreFile: keystore.json
  passphraseFile: passphrase
`;

/** To be called once by a test file. */
export function useConfigFiles() {
  let dir = '';
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'openpool-config-'));
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));

  let files = 0;
  async function write(text: string, name = `pool-${files++}.yaml`): Promise<string> {
    const path = join(dir, name);
    await writeFile(path, text, { mode: 0o600 });
    return path;
  }

  async function load(text: string, env: Record<string, string> = {}) {
    return loadConfig(await write(text), { env });
  }

  async function problemsOf(text: string, env: Record<string, string> = {}) {
    const error = await load(text, env).catch((thrown: unknown) => thrown);
    if (!(error instanceof ConfigError)) throw new Error(`it was not refused: ${String(error)}`);
    return error.problems.map(({ code, key, line, message }) => ({ code, key, line, message }));
  }

  return { write, load, problemsOf, pathOf: (name: string) => join(dir, name) };
}
