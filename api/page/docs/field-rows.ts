/** Makes rows of fields from JSON Schemas, for people who read what a route takes and answers. */
import type { OpenApiDocument } from '../../openapi/document.js';
import type { Json } from '../../openapi/schemas.js';

export interface FieldRow {
  /** The path of the field from the top, such as `payouts[].amountWei`; empty at the top itself. */
  readonly name: string;
  /** What stands there, such as `Wei or null`. */
  readonly type: string;
  readonly words: string;
  readonly isNeeded: boolean;
}

/** The schemas of the document that have a name. */
type Named = OpenApiDocument['components']['schemas'];

/** Returns a row for each field of the schema, with the fields of its parts after it. */
export function fieldRows(schema: Json, named: Named): readonly FieldRow[] {
  const fields = partsOf(schema, named, '');
  // What has fields says nothing beyond them; only of a list it is said that it is one.
  const isList = isJson(resolve(schema, named)['items']);
  return fields.length > 0 && !isList ? fields : [rowOf(schema, named, ''), ...fields];
}

function rowOf(schema: Json, named: Named, name: string, isNeeded = true): FieldRow {
  return { name, type: typeOf(schema, named), words: wordsOf(schema, named), isNeeded };
}

/** Returns the rows of all that the value at `name` is made of. */
function partsOf(schema: Json, named: Named, name: string): readonly FieldRow[] {
  const { items, properties, required } = resolve(schema, named);
  const forms = formsOf(schema, named);
  if (forms.length > 1) return forms.flatMap((_, i) => formRows(forms, i, { named, name }));
  const [only] = forms;
  if (only !== undefined) return partsOf(only, named, name);
  if (isJson(items)) return partsOf(items, named, `${name}[]`);
  const needed = Array.isArray(required) ? required : [];
  return Object.entries(isJson(properties) ? properties : {}).flatMap(([key, field]) => {
    if (!isJson(field)) return [];
    const at = name === '' ? key : `${name}.${key}`;
    return [rowOf(field, named, at, needed.includes(key)), ...partsOf(field, named, at)];
  });
}

interface Place {
  readonly named: Named;
  readonly name: string;
}

/** Returns the rows of one of several forms that a value may have; none of a plain value. */
function formRows(forms: readonly Json[], i: number, { named, name }: Place): readonly FieldRow[] {
  const form = forms[i] ?? {};
  const rows = partsOf(form, named, name);
  if (rows.length === 0) return rows;
  const type = `form ${i + 1} of ${forms.length}`;
  return [{ ...rowOf(form, named, name), type }, ...rows];
}

const TYPES: Readonly<Record<string, string>> = { string: 'text', integer: 'whole number' };

/** Says in a few words what a schema takes. */
export function typeOf(schema: Json, named: Named): string {
  const orNull = mayBeNull(schema, named) ? ' or null' : '';
  const forms = formsOf(schema, named);
  if (forms.length > 0) {
    return `${[...new Set(forms.map((one) => typeOf(one, named)))].join(' or ')}${orNull}`;
  }
  const { type, items, enum: values } = resolve(schema, named);
  if (Array.isArray(values)) return `${values.join(', ')}${orNull}`;
  if (isJson(items)) return `list of ${typeOf(items, named)}${orNull}`;
  const [plain = 'anything'] = [type].flat().filter((one) => one !== 'null' && one !== undefined);
  return `${nameOf(schema) ?? TYPES[String(plain)] ?? plain}${orNull}`;
}

function wordsOf(schema: Json, named: Named): string {
  const [only, ...others] = formsOf(schema, named);
  const general = only !== undefined && others.length === 0 ? wordsOf(only, named) : '';
  const words = schema['description'] ?? resolve(schema, named)['description'];
  return typeof words === 'string' ? words : general;
}

/** Returns the forms that a value may have besides null; none when the schema names no choice. */
function formsOf(schema: Json, named: Named): readonly Json[] {
  const { anyOf } = resolve(schema, named);
  return Array.isArray(anyOf) ? anyOf.filter(isJson).filter(({ type }) => type !== 'null') : [];
}

function mayBeNull(schema: Json, named: Named): boolean {
  const { anyOf, type } = resolve(schema, named);
  const types = [type, ...(Array.isArray(anyOf) ? anyOf.map((one) => one?.type) : [])].flat();
  return types.includes('null') && type !== 'null';
}

function nameOf({ $ref }: Json): string | undefined {
  return typeof $ref === 'string' ? $ref.split('/').at(-1) : undefined;
}

function resolve(schema: Json, named: Named): Json {
  const name = nameOf(schema);
  return name === undefined ? schema : (named[name] ?? {});
}

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
