import { PoolError } from '../../core/base/errors/pool-error.js';

export type ConfigCode =
  | 'CONFIG_FILE_EXPOSED'
  | 'CONFIG_FILE_UNREADABLE'
  | 'CONFIG_SYNTAX'
  | 'CONFIG_UNKNOWN_KEY'
  | 'CONFIG_MISSING_KEY'
  | 'CONFIG_UNIT'
  | 'CONFIG_VALUE'
  | 'CONFIG_DUPLICATE'
  | 'CONFIG_VARIABLE_UNSET';

/** One thing that is wrong in a configuration: where it is, and how to fix it. */
export interface ConfigProblem {
  readonly code: ConfigCode;
  readonly file: string;
  /** The key's path, such as `pool.payoutThreshold` or `sources[1].from`; empty for the file as a whole. */
  readonly key: string;
  /** The line, counted from 1; null when the key is not in the file. */
  readonly line: number | null;
  /** What is wrong and how to fix it. It never holds a secret's value. */
  readonly message: string;
}

/** A setting that is allowed but probably not intended. */
export interface ConfigWarning {
  readonly code: ConfigCode;
  /** The key, and what is unusual about its value. */
  readonly words: string;
}

/** The error with everything that is wrong in a configuration. Its `code` is that of the first problem. */
export class ConfigError extends PoolError {
  constructor(readonly problems: readonly [ConfigProblem, ...ConfigProblem[]]) {
    super(problems[0].code, problems.map(describeProblem).join('\n'), {
      file: problems[0].file,
      key: problems[0].key,
      line: String(problems[0].line ?? ''),
    });
  }
}

/** Makes the error for a file that cannot be read, when no line of the configuration can be named. */
export function fileError(file: string, key: string, message: string): ConfigError {
  return new ConfigError([{ code: 'CONFIG_FILE_UNREADABLE', file, key, line: null, message }]);
}

function describeProblem(problem: ConfigProblem): string {
  const place = problem.line === null ? problem.file : `${problem.file}:${problem.line}`;
  const key = problem.key === '' ? '' : ` ${problem.key}`;
  return `${place}${key}: ${problem.message} [${problem.code}]`;
}

/** Returns the known key that is most similar to the given one; undefined when none is similar enough. */
export function nearestKey(given: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((key) => ({ key, distance: editDistance(given.toLowerCase(), key.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  const [best] = ranked;
  if (best === undefined) return undefined;
  return best.distance <= Math.max(2, Math.ceil(given.length / 3)) ? best.key : undefined;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (const [i, char] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      const substituted = (row[j] ?? 0) + (char === other ? 0 : 1);
      next.push(Math.min(substituted, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
