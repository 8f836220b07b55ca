// Finds the Temporal CLI, whose `server start-dev` is the dev server with its Web UI. Plain
// JavaScript without dependencies: the set-up runs it before anything is installed.
//
// Looked for, in this order: $OPENPOOL_TEMPORAL_CLI, `temporal` on PATH, the project's cache, the
// download of Temporal's SDK, a build with Go.
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The newest release that builds with `go install`: later ones carry replace directives. */
const CLI_VERSION = 'v1.5.1';
const SDK_DOWNLOAD_TIMEOUT_MS = 60_000;
const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/**
 * @param {{ say?: (line: string) => void }} [options]
 * @returns {Promise<string>} path of a CLI that runs
 */
export async function findTemporal({ say = () => {} } = {}) {
  const named = process.env.OPENPOOL_TEMPORAL_CLI;
  if (named) {
    if (runs(named)) return named;
    throw new Error(
      `OPENPOOL_TEMPORAL_CLI names ${named}, which does not run: correct or unset it`,
    );
  }
  if (runs('temporal')) return 'temporal';
  const cached = cachePath();
  if (runs(cached)) return cached;
  mkdirSync(dirname(cached), { recursive: true });
  say('Temporal CLI: not on PATH and not in the cache; trying the download of the Temporal SDK …');
  const downloaded = await downloadWithSdk(dirname(cached));
  if (downloaded) {
    renameSync(downloaded, cached);
    chmodSync(cached, 0o755);
    say(`Temporal CLI: downloaded to ${cached}`);
    return cached;
  }
  if (spawnSync('go', ['version']).status !== 0) {
    throw new Error(
      'No Temporal CLI: the download failed and there is no Go to build one. Install it ' +
        '(https://docs.temporal.io/cli) so that `temporal` is on PATH, or set OPENPOOL_TEMPORAL_CLI.',
    );
  }
  say(
    `Temporal CLI: no download to be had; building ${CLI_VERSION} with Go, about 3 minutes, once …`,
  );
  await buildWithGo(dirname(cached), say);
  if (!runs(cached)) throw new Error(`the Temporal CLI was built at ${cached} but does not run`);
  say(`Temporal CLI: built at ${cached}`);
  return cached;
}

/** One cache for all checkouts of a user: the build takes minutes. */
function cachePath() {
  const base = process.env.OPENPOOL_CACHE ?? join(homedir(), '.cache', 'openpool');
  return join(base, `temporal-${CLI_VERSION}`, 'temporal');
}

function runs(command) {
  return spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0;
}

async function downloadWithSdk(dir) {
  const scratch = join(dir, 'sdk-download');
  mkdirSync(scratch, { recursive: true });
  // In a process of its own: the SDK's native download cannot be interrupted from inside.
  const script = `
    import('@temporalio/testing').then(({ TestWorkflowEnvironment }) =>
      TestWorkflowEnvironment.createLocal({ server: { executable: { type: 'cached-download', downloadDir: ${JSON.stringify(scratch)} } } }))
      .then((env) => env.teardown()).then(() => process.exit(0), () => process.exit(1));`;
  const ok = await finishes(
    spawn(process.execPath, ['--input-type=module', '-e', script], { cwd: root, stdio: 'ignore' }),
    SDK_DOWNLOAD_TIMEOUT_MS,
  );
  const file =
    ok && existsSync(scratch)
      ? readdirSync(scratch).find((f) => f.includes('temporal'))
      : undefined;
  if (file !== undefined) return join(scratch, file);
  rmSync(scratch, { recursive: true, force: true });
  return undefined;
}

async function buildWithGo(dir, say) {
  const started = Date.now();
  const progress = setInterval(() => {
    say(`Temporal CLI: still building (${Math.round((Date.now() - started) / 1000)} s) …`);
  }, 20_000);
  const child = spawn('go', ['install', `github.com/temporalio/cli/cmd/temporal@${CLI_VERSION}`], {
    env: { ...process.env, GOBIN: dir },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors = (errors + chunk).slice(-4000);
  });
  const ok = await finishes(child, 20 * 60_000);
  clearInterval(progress);
  if (!ok) throw new Error(`go install of the Temporal CLI failed:\n${errors}`);
}

function finishes(child, timeoutMs) {
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    child.once('error', () => resolve(false));
    child.once('exit', (code) => {
      clearTimeout(timer);
      resolve(code === 0);
    });
  });
}
