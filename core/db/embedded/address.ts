/** How an embedded server is reached: its socket, its role and the password, all in its data directory. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { codeOf } from '../../base/causes.js';
import { birthOf } from '../../processes/process-birth.js';
import { writeFlushed } from './initdb.js';

/** The role that the product connects as; it owns its database, and nothing else. */
export const PRODUCT_ROLE = 'openpool';
export const PRODUCT_DATABASE = 'openpool';

/** Name of the password's file, in libpq's format for PGPASSFILE. It exists once the directory is completely set up. */
const PASSWORD_FILE = 'openpool.pgpass';

/** The address of a Unix socket may have this many bytes on every system, including its final zero byte. */
const LONGEST_ADDRESS = 104;

/** Writes the file whole or not at all: its existence says that the directory is set up. */
export function keepPassword(dataDir: string, password: string): void {
  const path = join(dataDir, PASSWORD_FILE);
  writeFlushed(`${path}.new`, `*:*:*:${PRODUCT_ROLE}:${password}\n`, 0o600);
  renameSync(`${path}.new`, path);
}

/** The password of the product's role, or undefined when the directory is not set up. */
export function readPassword(dataDir: string): string | undefined {
  try {
    return readFileSync(join(dataDir, PASSWORD_FILE), 'utf8').trim().split(':').at(-1);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** A URL for pg and for libpq's programs; `port` is only the number in the socket's name. */
export function socketUrl(dataDir: string, port: number, password: string): string {
  const host = encodeURIComponent(socketDirOf(dataDir, port));
  return `postgres://${PRODUCT_ROLE}:${password}@localhost:${port}/${PRODUCT_DATABASE}?host=${host}`;
}

/** Returns the socket's directory: the data directory, or a link to it where its path is too long for a socket. */
function socketDirOf(dataDir: string, port: number): string {
  if (fits(dataDir, port)) return dataDir;
  const uid = process.getuid?.() ?? 0;
  const home = join(tmpdir(), `openpool-${uid}`);
  const link = join(home, createHash('sha256').update(dataDir).digest('hex').slice(0, 12));
  const shorter = `move it to a shorter path than ${dataDir}, whose socket no program could address`;
  if (!fits(link, port)) throw new Error(`${shorter} (nor one below ${tmpdir()})`);
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const found = lstatSync(home);
  if (!found.isDirectory() || found.uid !== uid || (found.mode & 0o077) !== 0) {
    throw new Error(`${shorter}: ${home} is not a directory of this user alone`);
  }
  if (!leadsTo(link, dataDir)) {
    rmSync(link, { force: true });
    try {
      symlinkSync(dataDir, link);
    } catch (error) {
      // Another process of this pool may have made the link first.
      if (!leadsTo(link, dataDir)) throw error;
    }
  }
  return link;
}

function fits(dir: string, port: number): boolean {
  return Buffer.byteLength(join(dir, `.s.PGSQL.${port}`)) < LONGEST_ADDRESS;
}

function leadsTo(link: string, target: string): boolean {
  try {
    return readlinkSync(link) === target;
  } catch {
    return false;
  }
}

export interface RunningServer {
  readonly pid: number;
  readonly birth: string;
  readonly port: number;
}

/** Finds the server that postmaster.pid names, if it lives: after a power cut the pid may belong to any process. */
export function findServer(dataDir: string): RunningServer | undefined {
  const { pid, port } = readPidFile(dataDir) ?? {};
  if (pid === undefined || port === undefined || !isServerOf(pid, dataDir)) return undefined;
  const birth = birthOf(pid);
  return birth === undefined ? undefined : { pid, birth, port };
}

/**
 * Returns environment variables for Postgres' programs when postmaster.pid names some other process: they refuse to start
 * unless told that it is their grandparent, and check the shared memory in any case.
 */
export function foreignHolder(dataDir: string): { readonly PG_GRANDPARENT_PID?: string } {
  const { pid } = readPidFile(dataDir) ?? {};
  if (pid === undefined || isServerOf(pid, dataDir)) return {};
  return { PG_GRANDPARENT_PID: String(pid) };
}

/** The URL of the server of this directory, if one runs there; undefined when none does. Starts nothing. */
export function runningServerUrl(dataDir: string): string | undefined {
  const server = findServer(dataDir);
  const password = readPassword(dataDir);
  if (server === undefined || password === undefined) return undefined;
  return socketUrl(dataDir, server.port, password);
}

function readPidFile(dataDir: string): { readonly pid: number; readonly port: number } | undefined {
  try {
    const lines = readFileSync(join(dataDir, 'postmaster.pid'), 'utf8').split('\n');
    return { pid: Number(lines[0]), port: Number(lines[3]) };
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Recognizes a server by its working directory, or by its name where the system does not show that. */
function isServerOf(pid: number, dataDir: string): boolean {
  if (birthOf(pid) === undefined) return false;
  try {
    return realpathSync(`/proc/${pid}/cwd`) === realpathSync(dataDir);
  } catch {
    return nameOf(pid) === 'postgres';
  }
}

function nameOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    const told = spawnSync('ps', ['-o', 'comm=', '-p', String(pid)], { encoding: 'utf8' });
    return basename(told.stdout?.trim() ?? '');
  }
}
