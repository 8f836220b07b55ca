/**
 * Registers the search attributes, which `workflows/contract.ts` defines, when a worker starts. If one had the wrong type,
 * every workflow that sets it would get stuck.
 */
import type { ConnectionLike } from '@temporalio/client';
import { PoolError } from '../../core/base/errors/pool-error.js';
import { foreignText } from '../../core/base/foreign-text.js';
import type { Log } from '../../start/log.js';
import { SEARCH_ATTRIBUTES } from '../../workflows/contract.js';

/** Names of attribute types, indexed by the server's numbers: temporal.api.enums.v1.IndexedValueType. */
const TYPE_NAMES = [
  'Unspecified',
  'Text',
  'Keyword',
  'Int',
  'Double',
  'Bool',
  'Datetime',
  'KeywordList',
] as const;

interface NamespaceOptions {
  readonly connection: ConnectionLike;
  readonly namespace: string;
  readonly address: string;
}

type RegisterOptions = NamespaceOptions & { readonly log: Log };

const WANTED = SEARCH_ATTRIBUTES.map(({ name, type }) => {
  const spelled = type.replace('_', '').toLowerCase();
  const number = TYPE_NAMES.findIndex((typeName) => typeName.toLowerCase() === spelled);
  /** `typeName` is the type's name in Temporal's command line. */
  return { name, type: number, typeName: TYPE_NAMES[number] ?? type };
});
type Wanted = (typeof WANTED)[number];

/** Adds missing attributes. Refuses the worker's start when one exists with another type. */
export async function registerSearchAttributes(options: RegisterOptions): Promise<void> {
  const { connection, namespace, log } = options;
  const found = await compareSearchAttributes(options);
  if (found === undefined) {
    log.warn(`search attributes cannot be checked here; these must be registered: ${WANTED_WORDS}`);
    return;
  }
  const { missing } = found;
  if (missing.length > 0) {
    const searchAttributes = Object.fromEntries(missing.map(({ name, type }) => [name, type]));
    await connection.operatorService
      .addSearchAttributes({ namespace, searchAttributes })
      .catch((error: unknown) => {
        if (!hasCode(error, GRPC_ALREADY_EXISTS)) throw notAdded(options, missing, error);
      });
    log.info({ names: missing.map(({ name }) => name) }, 'search attributes added');
  }
  // Read again, because another worker may have added them meanwhile.
  refuseWrongTypes(options, (await compareSearchAttributes(options))?.wrong ?? []);
}

/** The names and types that must be registered, as a text. */
export const WANTED_WORDS = WANTED.map(({ name, typeName }) => `${name}=${typeName}`).join(', ');

interface ComparedAttributes {
  readonly missing: readonly Wanted[];
  /** Those that are registered with another type, which `typeFound` names. */
  readonly wrong: readonly (Wanted & { readonly typeFound: string })[];
}

/**
 * Compares the namespace's search attributes with those that sagas set, and changes nothing. Returns undefined where the
 * server does not allow reading them, such as on Temporal Cloud.
 */
export async function compareSearchAttributes(
  options: NamespaceOptions,
): Promise<ComparedAttributes | undefined> {
  const present = await readAttributes(options);
  if (present === undefined) return undefined;
  return {
    missing: WANTED.filter(({ name }) => present[name] === undefined),
    wrong: WANTED.flatMap((wanted) => {
      const type = present[wanted.name];
      if (type === undefined || type === wanted.type) return [];
      return [{ ...wanted, typeFound: TYPE_NAMES[type] ?? String(type) }];
    }),
  };
}

/** The commands with which an operator adds these search attributes. */
export function createCommands(options: NamespaceOptions, missing: readonly Wanted[]): string {
  return missing.map((wanted) => command(options, 'create', wanted)).join(' && ');
}

/** Throws SEARCH_ATTRIBUTE_TYPE, with the commands that fix it, when an attribute has another type. */
export function refuseWrongTypes(
  options: NamespaceOptions,
  wrong: ComparedAttributes['wrong'],
): void {
  const [first] = wrong;
  if (first === undefined) return;
  const told = wrong.map(
    (wanted) =>
      `search attribute ${wanted.name} is of type ${wanted.typeFound} and must be ${wanted.typeName}: ` +
      `\`${command(options, 'remove', wanted)} && ${command(options, 'create', wanted)}\``,
  );
  throw new PoolError('SEARCH_ATTRIBUTE_TYPE', told.join('\n'), { name: first.name });
}

const GRPC_ALREADY_EXISTS = 6;
const GRPC_PERMISSION_DENIED = 7;
const GRPC_UNIMPLEMENTED = 12;

async function readAttributes({
  connection,
  namespace,
}: NamespaceOptions): Promise<Readonly<Record<string, number>> | undefined> {
  try {
    const listed = await connection.operatorService.listSearchAttributes({ namespace });
    return listed.customAttributes;
  } catch (error) {
    if (hasCode(error, GRPC_PERMISSION_DENIED) || hasCode(error, GRPC_UNIMPLEMENTED))
      return undefined;
    throw error;
  }
}

function notAdded(options: RegisterOptions, missing: readonly Wanted[], cause: unknown): PoolError {
  const commands = createCommands(options, missing);
  const message = `search attributes cannot be added (${foreignText(cause)}): add them with \`${commands}\``;
  return new PoolError('SEARCH_ATTRIBUTE_TYPE', message, {}, { cause });
}

function command(options: NamespaceOptions, verb: 'create' | 'remove', wanted: Wanted): string {
  const { address, namespace } = options;
  const type = verb === 'create' ? ` --type ${wanted.typeName}` : ' --yes';
  return (
    `temporal operator search-attribute ${verb} --address ${address} --namespace ${namespace} ` +
    `--name ${wanted.name}${type}`
  );
}

function hasCode(error: unknown, code: number): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
