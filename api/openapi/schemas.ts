/** Converts the schemas with which routes check requests, and describe answers, to JSON Schema. Zod itself does most. */
import { z } from 'zod';

export type Json = Record<string, unknown>;

const LARGEST = [Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER];

/**
 * Converts a schema as requests and answers have it on the wire. Its parts that have an id are added to `named`, and
 * referred to. A schema with `wire` in its metadata, because it converts what it reads, stands for that.
 */
export function toJsonSchema(schema: z.ZodType, named: Record<string, Json>): Json {
  const {
    $schema: _,
    $defs = {},
    ...rest
  } = z.toJSONSchema(schema, {
    io: 'input',
    target: 'draft-2020-12',
    override({ zodSchema, jsonSchema }) {
      const wire = z.globalRegistry.get(zodSchema)?.['wire'];
      if (typeof wire === 'object') {
        for (const key of Object.keys(jsonSchema)) {
          if (key !== 'default' || jsonSchema[key] === null) delete jsonSchema[key];
        }
        Object.assign(jsonSchema, wire);
      }
      // Zod's bounds of every whole number say nothing.
      for (const bound of ['minimum', 'maximum'] as const) {
        if (LARGEST.some((largest) => jsonSchema[bound] === largest)) delete jsonSchema[bound];
      }
    },
  });
  for (const [id, part] of Object.entries($defs)) named[id] = inComponents(part);
  return inComponents(rest);
}

/** Points all references to the components of the document. */
function inComponents(schema: object): Json {
  const text = JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/');
  return JSON.parse(text) as Json;
}
