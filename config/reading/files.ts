/** Files that a configuration names: certificates, passwords, tokens. */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { type ConfigDocument, formatPath, type KeyPath } from './document.js';
import { exposureOf } from './file-access.js';
import type { ConfigCode, ConfigProblem, ConfigWarning } from './problem.js';
import { readTextFile, secretIn } from './text-file.js';

/** Reads the files named in one configuration; what cannot be read is kept as a problem. */
export interface NamedFiles {
  readonly problems: readonly ConfigProblem[];
  /** What is allowed and hardly meant, such as secrets that others can read. */
  readonly warnings: readonly ConfigWarning[];
  /** A path as the configuration means it: relative to its own directory. */
  resolve(path: string): string;
  /** The file's bytes; undefined when the key is absent or the file cannot be read. */
  readBytes(key: KeyPath, path: string | undefined): Promise<Buffer | undefined>;
  /** The same as text. */
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
  /** Notes that the value at a key is wrong. */
  refuse(key: KeyPath, words: string): void;
  /** Notes what is allowed and hardly meant. */
  warn(key: KeyPath, code: ConfigCode, words: string): void;
}

export function namedFiles(document: ConfigDocument, configPath: string): NamedFiles {
  const problems: ConfigProblem[] = [];
  const warnings: ConfigWarning[] = [];
  const absolute = (path: string): string => resolve(dirname(configPath), path);
  const note = (problem: ConfigProblem): void => {
    problems.push(problem);
  };
  const readWith = async <T>(
    key: KeyPath,
    path: string | undefined,
    reader: (path: string) => Promise<T>,
  ): Promise<T | undefined> => {
    if (path === undefined) return undefined;
    try {
      return await reader(absolute(path));
    } catch (error) {
      note(document.problem('CONFIG_FILE_UNREADABLE', key, unreadable(absolute(path), error)));
      return undefined;
    }
  };
  const refuse: NamedFiles['refuse'] = (key, words) =>
    note(document.problem('CONFIG_VALUE', key, words));
  const readBytes: NamedFiles['readBytes'] = (key, path) =>
    readWith(key, path, (file) => readFile(file));
  const read: NamedFiles['read'] = (key, path) => readWith(key, path, readTextFile);
  const warn: NamedFiles['warn'] = (key, code, said) => {
    const words = `${formatPath(key)}: ${said}`;
    if (!warnings.some((known) => known.words === words)) warnings.push({ code, words });
  };
  const guard: NamedFiles['guard'] = async (key, path, isKey) => {
    if (path === undefined) return;
    const found = await exposureOf(absolute(path), isKey);
    if (found === undefined) return;
    if (found.verdict === 'refused') {
      note(document.problem('CONFIG_FILE_EXPOSED', key, found.words));
      return;
    }
    warn(key, 'CONFIG_FILE_EXPOSED', found.words);
  };
  const readSecret: NamedFiles['readSecret'] = async (key, path) => {
    if (!isPublicFile(key)) await guard(key, path, false);
    const text = await read(key, path);
    const secret = text === undefined ? undefined : secretIn(text);
    if (secret !== '') return secret;
    refuse(key, `${absolute(path ?? '')} is empty`);
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
  const reading = { readBytes, read, readSecret, secret };
  return { problems, warnings, resolve: absolute, ...reading, guard, note, refuse, warn };
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
  if (code === 'NOT_UTF8') {
    return `${path} is no text in UTF-8 (as Windows writes UTF-16, or no text at all): save it as UTF-8`;
  }
  return `${path} cannot be read (${String(code ?? error)})`;
}
