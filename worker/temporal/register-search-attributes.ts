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

interface RegisterOptions {
  readonly connection: ConnectionLike;
  readonly namespace: string;
  readonly address: string;
  readonly log: Log;
}

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
  const present = await readAttributes(options);
  if (present === undefined) return;
  const missing = WANTED.filter((wanted) => present[wanted.name] === undefined);
  if (missing.length > 0) {
    const searchAttributes = Object.fromEntries(missing.map(({ name, type }) => [name, type]));
    await connection.operatorService
      .addSearchAttributes({ namespace, searchAttributes })
      .catch((error: unknown) => {
        if (!hasCode(error, GRPC_ALREADY_EXISTS)) throw notAdded(options, missing, error);
      });
    log.info({ names: missing.map(({ name }) => name) }, 'search attributes added');
  }
  await refuseWrongTypes(options);
}

const GRPC_ALREADY_EXISTS = 6;
const GRPC_PERMISSION_DENIED = 7;
const GRPC_UNIMPLEMENTED = 12;

/** Reads the registered attributes; undefined where the server does not allow that, such as on Temporal Cloud. */
async function readAttributes(
  options: RegisterOptions,
): Promise<Readonly<Record<string, number>> | undefined> {
  const { connection, namespace, log } = options;
  try {
    const listed = await connection.operatorService.listSearchAttributes({ namespace });
    return listed.customAttributes;
  } catch (error) {
    if (!hasCode(error, GRPC_PERMISSION_DENIED) && !hasCode(error, GRPC_UNIMPLEMENTED)) throw error;
    const names = WANTED.map(({ name, typeName }) => `${name}=${typeName}`).join(', ');
    log.warn(`search attributes cannot be checked here; these must be registered: ${names}`);
    return undefined;
  }
}

/** Reads the attributes again, because another worker may have added them meanwhile, and refuses wrong types. */
async function refuseWrongTypes(options: RegisterOptions): Promise<void> {
  const present = (await readAttributes(options)) ?? {};
  const wrong = WANTED.filter(
    ({ name, type }) => present[name] !== undefined && present[name] !== type,
  );
  const [first] = wrong;
  if (first === undefined) return;
  const told = wrong.map((wanted) => {
    const found = TYPE_NAMES[present[wanted.name] ?? 0];
    return (
      `search attribute ${wanted.name} is of type ${found} and must be ${wanted.typeName}: ` +
      `\`${command(options, 'remove', wanted)} && ${command(options, 'create', wanted)}\``
    );
  });
  throw new PoolError('SEARCH_ATTRIBUTE_TYPE', told.join('\n'), { name: first.name });
}

function notAdded(options: RegisterOptions, missing: readonly Wanted[], cause: unknown): PoolError {
  const commands = missing.map((wanted) => command(options, 'create', wanted)).join(' && ');
  const message = `search attributes cannot be added (${foreignText(cause)}): add them with \`${commands}\``;
  return new PoolError('SEARCH_ATTRIBUTE_TYPE', message, {}, { cause });
}

function command(options: RegisterOptions, verb: 'create' | 'remove', wanted: Wanted): string {
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
