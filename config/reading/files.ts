/** Reads the files that a configuration names: certificates, passwords, tokens. */
import { readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { type ConfigDocument, formatPath, type KeyPath } from './document.js';
import type { ConfigCode, ConfigProblem, ConfigWarning } from './problem.js';

/** The path of a file; there is none when its key is absent. */
type MaybePath = string | null | undefined;

/**
 * The files that one configuration names. It collects a problem for each that cannot be read, next to the other
 * problems of the configuration.
 */
export class NamedFiles {
  readonly problems: ConfigProblem[];
  /** What is allowed but probably not intended, such as secrets that others can read. */
  readonly warnings: ConfigWarning[] = [];

  constructor(
    private readonly document: ConfigDocument,
    private readonly configPath: string,
  ) {
    this.problems = [...document.problems];
  }

  /** Notes a problem with the value at this key. */
  note(code: ConfigCode, key: KeyPath, message: string): void {
    this.problems.push(this.document.problem(code, key, message));
  }

  /** Notes a warning: the value at this key is allowed but probably not intended. */
  warn(code: ConfigCode, key: KeyPath, message: string): void {
    const words = `${formatPath(key)}: ${message}`;
    if (!this.warnings.some((known) => known.words === words)) this.warnings.push({ code, words });
  }

  /** Resolves a path relative to the directory of the configuration file. */
  resolve(path: string): string {
    return resolve(dirname(this.configPath), path);
  }

  /** Reads the file; undefined when the key is absent or the file cannot be read. */
  async read<T>(
    key: KeyPath,
    path: MaybePath,
    reader: (path: string) => Promise<T>,
  ): Promise<T | undefined> {
    if (path === undefined || path === null) return undefined;
    const file = this.resolve(path);
    try {
      return await reader(file);
    } catch (error) {
      this.note('CONFIG_FILE_UNREADABLE', key, unreadable(file, error));
      return undefined;
    }
  }

  /** Reads the file's text; undefined when the key is absent or the file cannot be read. */
  readText(key: KeyPath, path: MaybePath): Promise<string | undefined> {
    return this.read(key, path, readTextFile);
  }

  /**
   * Reads a secret from a file, without the line end that editors add. Notes a problem when it is empty, and checks who
   * else can read the file.
   */
  async readSecret(key: KeyPath, path: MaybePath): Promise<string | undefined> {
    if (!isPublicFile(key)) await this.guard(key, path, false);
    const text = await this.readText(key, path);
    const secret = text === undefined ? undefined : secretIn(text);
    if (secret !== '') return secret;
    this.note('CONFIG_VALUE', key, `${this.resolve(path ?? '')} is empty`);
    return undefined;
  }

  /**
   * Notes a warning when others can read a file with a secret; a problem when its reader could spend (`isKey`), or when
   * everybody can change it.
   */
  async guard(key: KeyPath, path: MaybePath, isKey: boolean): Promise<void> {
    if (path === undefined || path === null) return;
    const found = await exposureOf(this.resolve(path), isKey);
    if (found?.verdict === 'refused') this.note('CONFIG_FILE_EXPOSED', key, found.words);
    if (found?.verdict === 'warned') this.warn('CONFIG_FILE_EXPOSED', key, found.words);
  }

  /**
   * Reads a secret that is given either directly (mostly as `${NAME}`) or in a file, which the key with `File` at its
   * end names. Giving both is a problem.
   */
  async secret(
    [part, name]: readonly [string, string],
    section: Readonly<Record<string, unknown>>,
  ): Promise<string | undefined> {
    const [given, path] = [section[name], section[`${name}File`]];
    if (typeof path !== 'string') return typeof given === 'string' ? given : undefined;
    const key = [part, `${name}File`];
    if (given !== undefined) {
      this.note('CONFIG_DUPLICATE', key, `${name} is given too: keep one of them`);
    }
    return this.readSecret(key, path);
  }
}

/**
 * Whether the file may be readable to all: certificates are public, because a server sends its own to everybody who
 * connects.
 */
function isPublicFile(key: KeyPath): boolean {
  return /^(ca|cert)File$/.test(String(key.at(-1)));
}

/** Says why a file could not be read, and how to fix it. */
export function unreadable(path: string, error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return `there is no file ${path}: correct the path`;
  if (code === 'EACCES') return `${path} may not be read by this user: change its owner or mode`;
  if (code === 'EISDIR') return `${path} is a directory: name the file in it`;
  if (code === 'NOT_UTF8') {
    return `${path} is no text in UTF-8 (as Windows writes UTF-16, or no text at all): save it as UTF-8`;
  }
  return `${path} cannot be read (${String(code ?? error)})`;
}

/** Reads the file's text without its byte order mark. Rejects with the code `NOT_UTF8` when the file is not UTF-8. */
export async function readTextFile(path: string): Promise<string> {
  const bytes = await readFile(path);
  // UTF-16 begins with its own byte order mark, or at least has a NUL next to every ASCII letter.
  const isUtf16 = /^(fffe|feff)/.test(bytes.subarray(0, 2).toString('hex'));
  if (isUtf16 || bytes.includes(0)) {
    throw Object.assign(new Error('it is no text in UTF-8'), { code: 'NOT_UTF8' });
  }
  return bytes.toString('utf8').replace(/^\ufeff/, '');
}

/**
 * Returns the secret in a file's text, without the line end that editors add. When the secret is a single line, further
 * line ends are removed too, because no token or password ends with one.
 */
export function secretIn(text: string): string {
  return /^[^\r\n]*[\r\n]+$/.test(text) ? text.replace(/[\r\n]+$/, '') : text.replace(/\r?\n$/, '');
}

interface Exposure {
  /**
   * `refused` for a key file that is ours to correct, and for any file that everybody can change; otherwise `warned`.
   */
  readonly verdict: 'refused' | 'warned';
  /** What is wrong, and the command that fixes it. */
  readonly words: string;
}

/** The directory where container runtimes mount secrets. Nobody in the container chose the modes of these files. */
const GIVEN = '/run/secrets/';

/**
 * Says how other users of this machine can read or change a secret's file; undefined when they cannot, or where file
 * modes mean nothing (Windows).
 *
 * @param isKey whether a person who reads the file could spend: the keystore, its passphrase, a remote signer's
 * credentials
 */
async function exposureOf(path: string, isKey: boolean): Promise<Exposure | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined || !found.isFile() || process.platform === 'win32') return undefined;
  const { mode, uid } = found;
  const shown = (mode & 0o777).toString(8).padStart(4, '0');
  const chmod = `chmod 600 ${path}`;
  if ((mode & 0o002) !== 0) {
    return { verdict: 'refused', words: `everybody can change ${path} (mode ${shown}): ${chmod}` };
  }
  // A file of another owner may be readable to a group, because that is often the only way to give it to us.
  const isOurs = uid === process.getuid?.() && !path.startsWith(GIVEN);
  if ((mode & (isOurs ? 0o066 : 0o004)) === 0) return undefined;
  const words = `other users of this machine can read ${path} (mode ${shown}): ${chmod}`;
  return { verdict: isKey && isOurs ? 'refused' : 'warned', words };
}
