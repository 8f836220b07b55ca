/** Reads the files that a configuration names: certificates, passwords, tokens. */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { type ConfigDocument, formatPath, type KeyPath } from './document.js';
import { exposureOf } from './file-access.js';
import type { ConfigCode, ConfigProblem, ConfigWarning } from './problem.js';
import { readTextFile, secretIn } from './text-file.js';

/** Reads the files that one configuration names, and collects a problem for each that cannot be read. */
export interface NamedFiles {
  readonly problems: readonly ConfigProblem[];
  /** What is allowed but probably not intended, such as secrets that others can read. */
  readonly warnings: readonly ConfigWarning[];
  /** Resolves a path relative to the directory of the configuration file. */
  resolve(path: string): string;
  /** Reads the file's bytes; undefined when the key is absent or the file cannot be read. */
  readBytes(key: KeyPath, path: string | undefined): Promise<Buffer | undefined>;
  /** Reads the file's text; undefined when the key is absent or the file cannot be read. */
  read(key: KeyPath, path: string | undefined): Promise<string | undefined>;
  /**
   * Reads a secret from a file, without the line end that editors add. Notes a problem when it is empty, and checks who
   * else can read the file.
   */
  readSecret(key: KeyPath, path: string | undefined): Promise<string | undefined>;
  /**
   * Notes a warning when others can read a file with a secret; a problem when its reader could spend (`isKey`), or when
   * everybody can change it.
   */
  guard(key: KeyPath, path: string | undefined, isKey: boolean): Promise<void>;
  /**
   * Reads a secret that is given either directly (mostly as `${NAME}`) or in a file, which the key with `File` at its
   * end names. Giving both is a problem.
   */
  secret(
    key: readonly [string, string],
    section: Readonly<Record<string, unknown>>,
  ): Promise<string | undefined>;
  note(problem: ConfigProblem): void;
  /** Notes a problem: the value at this key is wrong. */
  refuse(key: KeyPath, words: string): void;
  /** Notes a warning: the value at this key is allowed but probably not intended. */
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
