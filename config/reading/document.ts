/** Reads the YAML text: its values, with `${NAME}` replaced from the environment, and the line of each key. */
import { isMap, isNode, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { findTextFault } from '../../core/base/text.js';
import type { ConfigCode, ConfigProblem } from './problem.js';

export type KeyPath = readonly (string | number)[];
export type Environment = Readonly<Record<string, string | undefined>>;

export interface ConfigDocument {
  readonly values: unknown;
  readonly problems: readonly ConfigProblem[];
  /** Builds a ConfigProblem that points at the key's line, or at its parent's line when the key is missing. */
  problem(code: ConfigCode, path: KeyPath, message: string): ConfigProblem;
}

/** Reads the text. It never throws: everything that is wrong is in `problems`. */
export function readDocument(file: string, text: string, env: Environment): ConfigDocument {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    // Without YAML's hexadecimal numbers, an unquoted address stays text and loses no digits.
    customTags: (tags) =>
      tags.filter((tag) => typeof tag === 'string' || !('format' in tag) || tag.format !== 'HEX'),
  });
  const problem = (code: ConfigCode, path: KeyPath, message: string): ConfigProblem => {
    const offset = offsetOf(document.contents, path);
    const line = offset === undefined ? null : lines.linePos(offset).line;
    return { code, file, key: formatPath(path), line, message };
  };
  const syntax = document.errors.map((error) => ({
    ...problem('CONFIG_SYNTAX', [], error.message),
    line: lines.linePos(error.pos[0]).line,
  }));
  if (syntax.length > 0) return { values: undefined, problems: syntax, problem };
  const problems: ConfigProblem[] = [];
  const fill = (value: unknown, path: KeyPath): unknown => {
    if (typeof value === 'string') {
      return value.replace(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (_, name: string) => {
        const filled = env[name];
        if (filled === undefined || filled === '') {
          const message = `the environment variable ${name} is not set: set it before the start`;
          problems.push(problem('CONFIG_VARIABLE_UNSET', path, message));
        }
        return filled ?? '';
      });
    }
    if (Array.isArray(value)) return value.map((item, i) => fill(item, [...path, i]));
    if (value === null || typeof value !== 'object') return value;
    // Drops keys without a value, so that a section whose keys are all commented out counts as absent.
    const entries = Object.entries(value).filter(([, inner]) => inner !== null);
    return Object.fromEntries(entries.map(([k, inner]) => [k, fill(inner, [...path, k])]));
  };
  const values = fill(document.toJS() ?? {}, []);
  const fault = findTextFault(values);
  if (fault !== undefined) problems.push(problem('CONFIG_VALUE', fault.path, fault.why));
  return { values, problems, problem };
}

/** Formats a key's path for people: `sources[1].options.endpoint`. */
export function formatPath(path: KeyPath): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    return text === '' ? part : `${text}.${part}`;
  }, '');
}

/** Finds the offset of a key in the text; of a missing key, that of its nearest existing parent. */
function offsetOf(contents: Node | null, path: KeyPath): number | undefined {
  let node: unknown = contents;
  let offset: number | undefined;
  for (const part of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && item.key.value === part);
      if (pair === undefined) return offset;
      offset = isScalar(pair.key) ? (pair.key.range?.[0] ?? offset) : offset;
      node = pair.value;
    } else {
      const item = isSeq(node) && typeof part === 'number' ? node.items[part] : undefined;
      if (!isNode(item)) return offset;
      offset = item.range?.[0] ?? offset;
      node = item;
    }
  }
  return offset;
}
