/** Builds the configuration of the event sources, and reads the secrets in their options. */
import type { SourceConfig } from '../../core/events/sources/source-config.js';
import type { KeyPath } from '../reading/document.js';
import type { NamedFiles } from '../reading/files.js';
import type { ConfigCode } from '../reading/problem.js';
import type { ConfigValues, SourceValues } from '../schema.js';

/** Notes a problem with the value at a key of one source. */
type Note = (code: ConfigCode, key: string, message: string) => void;

export async function buildSources(
  values: ConfigValues,
  files: NamedFiles,
): Promise<readonly SourceConfig[]> {
  const { sources } = values;
  return Promise.all(
    sources.map(async (source, i) => {
      const note: Note = (code, key, message) => files.note(code, ['sources', i, key], message);
      if (sources.findIndex(({ id }) => id === source.id) !== i) {
        const message = `the id "${source.id}" is taken by a source above: give each its own`;
        note('CONFIG_DUPLICATE', 'id', message);
      }
      if (source.from !== null && source.from.getTime() > Date.now()) {
        const message = 'this time is still to come, so nothing would be counted until then';
        note('CONFIG_VALUE', 'from', message);
      }
      noteUnfitting(values, source, note);
      // A dump (`of`) inherits region and node type from its source, and counts nothing from before that source's
      // `from`.
      const whole = sources.find(({ id }) => id === source.of);
      return {
        id: source.id,
        kind: source.kind,
        module: source.module ?? null,
        baseDir: files.resolve('.'),
        ...(source.of === undefined ? {} : { of: source.of }),
        region: source.region ?? whole?.region ?? null,
        nodeType: source.nodeType ?? whole?.nodeType ?? null,
        from: later(source.from, whole?.from ?? null),
        syncIntervalMs: source.syncIntervalMs ?? values.pool.syncIntervalMs,
        options: await fillOptions(source.options, ['sources', i, 'options'], files),
      };
    }),
  );
}

/**
 * The chains whose ether is worth money: Ethereum and Arbitrum One. Fees that the generator invents must never be paid
 * there.
 */
const CHAINS_WITH_MONEY = [1, 42_161];

/** Notes problems with values that are valid alone but do not go together with other keys. */
function noteUnfitting(values: ConfigValues, source: SourceValues, note: Note): void {
  if (source.kind === 'module' && source.module === undefined) {
    note('CONFIG_MISSING_KEY', 'module', 'kind: module needs the package or path that makes it');
  }
  if (source.kind !== 'module' && source.module !== undefined) {
    note('CONFIG_VALUE', 'module', `only kind: module has one, and this is kind: ${source.kind}`);
  }
  if (source.of !== undefined) noteUnfittingDump(values, source, note);
  if (source.kind === 'generator' && CHAINS_WITH_MONEY.includes(values.chain.id)) {
    const message = `the generator invents fees, and chain ${values.chain.id} would pay them: use it on a chain without money`;
    note('CONFIG_VALUE', 'kind', message);
  }
}

/** Notes problems of a dump, as far as this file shows them: its source may have been removed from the file. */
function noteUnfittingDump(
  { sources }: ConfigValues,
  { id, kind, of, region, nodeType }: SourceValues,
  note: Note,
): void {
  if (kind !== 'file') {
    note('CONFIG_VALUE', 'of', `only kind: file has one, and this is kind: ${kind}`);
  }
  const whole = sources.find((one) => one.id === of);
  if (of === id) note('CONFIG_VALUE', 'of', 'name the source whose events these are, not this one');
  else if (whole?.of !== undefined) {
    note('CONFIG_VALUE', 'of', `"${of}" is a dump as well: name the source that it is of`);
  }
  if (whole === undefined) return;
  if (region !== undefined && region !== whole.region) {
    note('CONFIG_VALUE', 'region', `"${of}" is of ${whole.region}: say the same, or leave it out`);
  }
  if (nodeType !== undefined && nodeType !== whole.nodeType) {
    const message = `"${of}" is of ${whole.nodeType}: say the same, or leave it out`;
    note('CONFIG_VALUE', 'nodeType', message);
  }
}

function later(one: Date | null, other: Date | null): Date | null {
  if (one === null || other === null) return one ?? other;
  return one > other ? one : other;
}

/** Replaces `<name>File: path` by `<name>: text of the file`, so that plugins need not read files. */
export async function fillOptions(
  options: unknown,
  path: KeyPath,
  files: NamedFiles,
): Promise<unknown> {
  if (Array.isArray(options)) {
    return Promise.all(options.map((item, i) => fillOptions(item, [...path, i], files)));
  }
  if (options === null || typeof options !== 'object') return options;
  const filled: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(options)) {
    const name = /^(.+)File$/.exec(key)?.[1];
    if (name === undefined || typeof value !== 'string') {
      filled[key] = await fillOptions(value, [...path, key], files);
    } else if (Object.hasOwn(options, name)) {
      const message = `${name} and ${key} say the same: keep one of them`;
      files.note('CONFIG_DUPLICATE', [...path, key], message);
    } else {
      filled[name] = await files.readSecret([...path, key], value);
    }
  }
  return filled;
}
