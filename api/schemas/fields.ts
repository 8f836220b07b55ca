/**
 * The fields of which answers are made. A schema's output is what a handler returns, with `Date`s; its input is the JSON
 * that is sent. Those with an id stand once in the OpenAPI document, under this name.
 */
import { z } from 'zod';

export const weiText = z
  .string()
  .regex(/^-?\d+$/)
  .meta({ id: 'Wei', description: 'An amount in wei, exact, as a decimal string.' });

export const ethText = z
  .string()
  .regex(/^-?\d+(\.\d+)?$/)
  .meta({ id: 'Eth', description: 'The same amount in ETH, exact, without trailing zeros.' });

/** The two fields of an amount, as `amount` of client/views.ts makes them. */
export function amountFields<Name extends string>(name: Name) {
  const both = { [`${name}Wei`]: weiText, [`${name}Eth`]: ethText };
  return both as Readonly<
    Record<`${Name}Wei`, typeof weiText> & Record<`${Name}Eth`, typeof ethText>
  >;
}

/** The two fields of an amount that may be unknown. */
export function amountFieldsOrNull<Name extends string>(name: Name) {
  const both = { [`${name}Wei`]: weiText.nullable(), [`${name}Eth`]: ethText.nullable() };
  type Null<Text extends z.ZodType> = z.ZodNullable<Text>;
  return both as Readonly<
    Record<`${Name}Wei`, Null<typeof weiText>> & Record<`${Name}Eth`, Null<typeof ethText>>
  >;
}

/** A time that handlers already have as text. */
export const timeText = z
  .string()
  .meta({ id: 'Time', format: 'date-time', description: 'A time in ISO 8601, UTC.' });

export const time = z.codec(timeText, z.date(), {
  decode: (text) => new Date(text),
  encode: (date) => date.toISOString(),
});

export const address = z
  .string()
  .regex(/^0x[0-9a-fA-F]{40}$/)
  .meta({ id: 'Address', description: 'An address with its EIP-55 checksum.' });

export const hash = z
  .string()
  .regex(/^0x[0-9a-f]{64}$/)
  .meta({ id: 'Hash', description: 'The hash of a transaction.' });

/** A whole number that may be larger than a JSON number can be exactly. */
export const wholeText = z
  .string()
  .regex(/^\d+$/)
  .meta({ id: 'Whole', description: 'A whole number as a decimal string.' });

export const count = z.int().min(0);
export const durationMs = z.number().min(0).meta({ description: 'Milliseconds.' });

export const nodeType = z.enum(['ai', 'transcode']).meta({ id: 'NodeType' });

export const url = z.string().nullable().meta({ description: 'Null when none is configured.' });

const nextCursor = z
  .string()
  .nullable()
  .meta({ description: 'Pass it as `cursor` to get the next page; null at the end.' });

/** One page of a list, whose items stand under this name. */
export function pageOf<Name extends string, Item extends z.ZodType>(name: Name, item: Item) {
  const items = { [name]: z.array(item) } as Record<Name, z.ZodArray<Item>>;
  return z.object({ ...items, nextCursor });
}

/** Something that a check found. */
export const checkFinding = z
  .object({ code: z.string(), message: z.string() })
  .meta({ id: 'CheckFinding' });

/** A code of the manager's with a sentence. */
export const codeAndReason = z.object({ code: z.string(), reason: z.string() });
