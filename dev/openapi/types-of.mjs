/**
 * Makes the TypeScript types of an OpenAPI document. openapi-typescript needs the programming interface of TypeScript 5,
 * which TypeScript 7 does not have, so it stands in a package of its own, with its own TypeScript.
 */
import openapiTS, { astToString } from 'openapi-typescript';

/** @type {(document: string) => Promise<string>} */
export const typesOf = async (document) =>
  // A field with a default may be left out of a request.
  astToString(await openapiTS(document, { defaultNonNullable: false }));
