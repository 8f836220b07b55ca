// Builds Temporal's server and its tool for Postgres, of the version that compose.cluster.yml runs: `npm run
// setup:cluster`. It takes Go, some minutes and 250 MB, so it is no part of the usual set-up. Storm, benches and
// tests on the real server look for the two here.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const MODULE = 'go.temporal.io/server';
/** What is built, and what `go install` calls it: after its folder. */
const PROGRAMS = [
  { name: 'temporal-server', source: 'cmd/server', built: 'server' },
  { name: 'temporal-sql-tool', source: 'cmd/tools/sql', built: 'sql' },
];

/** The version of the image in compose.cluster.yml. */
function serverVersion() {
  const compose = readFileSync(join(root, 'compose.cluster.yml'), 'utf8');
  const version = /image: temporalio\/server:(\S+)/.exec(compose)?.[1];
  if (version === undefined) throw new Error('compose.cluster.yml names no temporalio/server');
  return version;
}

function home() {
  const base = process.env.OPENPOOL_CACHE ?? join(homedir(), '.cache', 'openpool');
  return join(base, `temporal-server-v${serverVersion()}`);
}

/**
 * @returns {string | undefined} the folder with both programs under the names that the images give them, or undefined
 *   where they were not built
 */
export function findTemporalCluster() {
  const dir = home();
  return PROGRAMS.every(({ name }) => existsSync(join(dir, name))) ? dir : undefined;
}

function build() {
  const dir = home();
  const say = (line) => process.stderr.write(`set-up: ${line}\n`);
  if (findTemporalCluster() !== undefined) return say(`Temporal's server is in ${dir}`);
  if (spawnSync('go', ['version']).status !== 0) {
    throw new Error('Go is needed to build the server (https://go.dev/dl), and there is none.');
  }
  mkdirSync(dir, { recursive: true });
  const version = serverVersion();
  for (const { name, source, built } of PROGRAMS) {
    say(`building ${name} ${version} …`);
    const done = spawnSync('go', ['install', `${MODULE}/${source}@v${version}`], {
      env: { ...process.env, GOBIN: dir },
      stdio: ['ignore', 2, 2],
    });
    if (done.status !== 0) throw new Error(`go install of ${name} failed; its words are above.`);
    renameSync(join(dir, built), join(dir, name));
  }
  say(`built: ${dir}`);
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    build();
  } catch (error) {
    process.stderr.write(`set-up: stopped. ${error.message}\n`);
    process.exitCode = 1;
  }
}
