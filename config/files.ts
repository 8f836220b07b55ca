/** Files that a configuration names: certificates, passwords, tokens. */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { type ConfigDocument, formatPath, type KeyPath } from './document.js';
import { exposureOf } from './file-access.js';
import type { ConfigProblem } from './problem.js';

/** Reads the files named in one configuration; what cannot be read is kept as a problem. */
export interface NamedFiles {
  readonly problems: readonly ConfigProblem[];
  /** What is allowed and hardly meant: secrets that others can read. */
  readonly warnings: readonly string[];
  /** A path as the configuration means it: relative to its own directory. */
  resolve(path: string): string;
  /** The file's text; undefined when the key is absent or the file cannot be read. */
  read(key: KeyPath, path: string | undefined): Promise<string | undefined>;
  /** A secret in a file: without the line's end that editors leave, not empty, and nobody else's to read. */
  readSecret(key: KeyPath, path: string | undefined): Promise<string | undefined>;
  /** Notes a problem when the file is a key to money that others can read, a warning for other secrets. */
  guard(key: KeyPath, path: string | undefined, isKey: boolean): Promise<void>;
  /**
   * A secret given as itself (mostly `${NAME}`) or, with `File` added to its key, by the file that
   * holds it, not both.
   */
  secret(
    key: readonly [string, string],
    section: Readonly<Record<string, unknown>>,
  ): Promise<string | undefined>;
  note(problem: ConfigProblem): void;
}

export function namedFiles(document: ConfigDocument, configPath: string): NamedFiles {
  const problems: ConfigProblem[] = [];
  const warnings: string[] = [];
  const absolute = (path: string): string => resolve(dirname(configPath), path);
  const note = (problem: ConfigProblem): void => {
    problems.push(problem);
  };
  const read: NamedFiles['read'] = async (key, path) => {
    if (path === undefined) return undefined;
    try {
      return await readFile(absolute(path), 'utf8');
    } catch (error) {
      note(document.problem('CONFIG_FILE_UNREADABLE', key, unreadable(absolute(path), error)));
      return undefined;
    }
  };
  const guard: NamedFiles['guard'] = async (key, path, isKey) => {
    if (path === undefined) return;
    const found = await exposureOf(absolute(path), isKey);
    if (found === undefined) return;
    if (found.verdict === 'refused') {
      note(document.problem('CONFIG_FILE_EXPOSED', key, found.words));
      return;
    }
    const words = `${formatPath(key)}: ${found.words}`;
    if (!warnings.includes(words)) warnings.push(words);
  };
  const readSecret: NamedFiles['readSecret'] = async (key, path) => {
    if (!isPublicFile(key)) await guard(key, path, false);
    const text = (await read(key, path))?.replace(/\r?\n$/, '');
    if (text !== '') return text;
    note(document.problem('CONFIG_VALUE', key, `${absolute(path ?? '')} is empty`));
    return undefined;
  };
  const secret: NamedFiles['secret'] = async ([part, name], section) => {
    const [given, path] = [section[name], section[`${name}File`]];
    if (typeof path !== 'string') return typeof given === 'string' ? given : undefined;
    const key = [part, `${name}File`];
    if (given !== undefined) {
      note(document.problem('CONFIG_DUPLICATE', key, `${name} is given too: keep one of them`));
    }
    return readSecret(key, path);
  };
  return { problems, warnings, resolve: absolute, read, readSecret, guard, secret, note };
}

/** Certificates are shown to whoever connects. */
function isPublicFile(key: KeyPath): boolean {
  return /^(ca|cert)File$/.test(String(key.at(-1)));
}

/** Why a file could not be read, and what to do. */
export function unreadable(path: string, error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return `there is no file ${path}: correct the path`;
  if (code === 'EACCES') return `${path} may not be read by this user: change its owner or mode`;
  if (code === 'EISDIR') return `${path} is a directory: name the file in it`;
  return `${path} cannot be read (${String(code ?? error)})`;
}
