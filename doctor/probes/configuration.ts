/** Reads the configuration, and looks at the directories that it names. */
import { type Config, loadConfig } from '../../config/config.js';
import { ConfigError } from '../../config/reading/problem.js';
import { counted } from '../../core/base/counted.js';
import { CATALOGUE } from '../../core/base/errors/catalogue.js';
import { PoolError } from '../../core/base/errors/pool-error.js';
import { lookAtDirectory } from '../../core/db/embedded/state-directory.js';
import { type Findings, Unusable } from '../examination.js';

/** Reads the file without the wallet's own files, about which `wallet.key` speaks. */
export async function probeConfiguration(path: string, findings: Findings): Promise<Config> {
  const onWarning = ({ code, words }: { code: keyof typeof CATALOGUE; words: string }) =>
    findings.say({ verdict: 'warn', code, what: words, todo: CATALOGUE[code].help });
  try {
    const config = await loadConfig(path, { onWarning });
    const { sources, chain } = config;
    findings.pass(`${path}: ${counted(sources.length, 'source')}, chain ${chain.chainId}`);
    return config;
  } catch (error) {
    tellProblems(error, findings);
    throw new Unusable();
  }
}

/** Says each problem of a ConfigError in a row of its own. Throws every other error. */
export function tellProblems(error: unknown, findings: Findings): void {
  if (!(error instanceof ConfigError)) throw error;
  for (const problem of error.problems) {
    const { code, file, key, line, message } = problem;
    const place = line === null ? file : `${file}:${line}`;
    const what = key === '' ? `${place}: ${message}` : `${place} ${key}: ${message}`;
    findings.say({ verdict: 'fail', code, what, todo: CATALOGUE[code].help });
  }
}

/** Looks whether the archive's directory can be written; the embedded Postgres looks after its own. */
export async function probeDirectories({ retention }: Config, findings: Findings): Promise<void> {
  const { keepMonths, archiveDir } = retention;
  if (keepMonths === null) return findings.pass('none is needed: nothing is archived');
  try {
    lookAtDirectory(archiveDir);
    findings.pass(`${archiveDir} can be written`);
  } catch (error) {
    if (!(error instanceof PoolError)) throw error;
    findings.error(error);
  }
}
