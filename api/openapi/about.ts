/** What the OpenAPI document says about a route. Each route is added together with this (api/request.ts). */
import type { z } from 'zod';
import type { Role } from '../../core/access/rules/roles.js';
import type { PoolErrorCode } from '../../core/base/errors/catalogue.js';

export interface About<Answer extends z.ZodType = z.ZodType> {
  /** What the route does, in one line. */
  readonly summary: string;
  /** The schema of the answer. Its output is what the handler returns, its input is what is sent as JSON. */
  readonly answer: Answer;
  /** The errors with which the route refuses a request, besides those that all routes of its kind have. */
  readonly errors?: readonly PoolErrorCode[];
  /** The role that a token needs. @default none: everybody may read */
  readonly role?: Role;
  /** @default [200] */
  readonly statuses?: readonly Status[];
  /** Whether the route also answers as CSV, when the query asks for it. */
  readonly hasCsv?: boolean;
  /** The content type of the stream of texts that the route answers instead when a request accepts it. */
  readonly stream?: string;
  /** Whether each answer is made anew, so that it has no tag by which to ask whether it still holds. @default false */
  readonly isAlwaysNew?: boolean;
  /** The headers that the route reads, by name. */
  readonly headers?: Readonly<Record<string, z.ZodType>> | undefined;
}

/** The statuses of answers that are no errors; a route that is not ready answers 503 with its answer's schema. */
export type Status = 200 | 201 | 202 | 503;

/** A route as the document describes it. */
export interface DescribedRoute extends About {
  readonly method: 'get' | 'post';
  /** The path as Hono writes it, such as `/v1/payouts/:id`. */
  readonly path: string;
  readonly query: z.ZodObject;
  /** Whether a query that does not fit is refused. */
  readonly isStrict: boolean;
  readonly body?: z.ZodType;
  /** @default 'application/json' */
  readonly media?: string | undefined;
}

/** What a handler returns for this schema. */
export type AnswerOf<Answer extends z.ZodType> = DeepReadonly<z.output<Answer>>;

type DeepReadonly<T> = unknown extends T
  ? T
  : T extends Date | bigint | string | number | boolean | null | undefined
    ? T
    : T extends readonly (infer Item)[]
      ? readonly DeepReadonly<Item>[]
      : { readonly [Key in keyof T]: DeepReadonly<T[Key]> };
