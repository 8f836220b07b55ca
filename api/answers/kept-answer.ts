/** One answer that all readers get: its bytes, its headers and its tag are made once. */
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import type { StatusCode } from 'hono/utils/http-status';

type Headers = Readonly<Record<string, string>>;

/** The bytes as they are, or compressed, with the headers that belong to them. */
export interface Representation {
  readonly headers: Headers;
  /** The same headers as names and values in turn, as `writeHead` takes them fastest. */
  readonly flat: readonly string[];
  readonly body: Buffer<ArrayBuffer>;
}

/** What a request says about the form in which it takes the answer. */
export interface Wishes {
  readonly acceptEncoding: string | undefined;
  readonly ifNoneMatch: string | undefined;
}

/** Smaller bodies fit into one packet anyway. */
const LEAST_GZIP_BYTES = 1_400;
/** The fastest level: a list of workers shrinks to a tenth, and another level hardly gains anything on top. */
const GZIP = { level: constants.Z_BEST_SPEED };
const compress = promisify(gzip);

/** An empty body of 304 keeps the headers about the answer and leaves out those about the bytes. */
const OF_THE_BYTES = new Set(['content-type', 'content-length', 'content-encoding']);

export class KeptAnswer {
  /** A random number between 0 and 1, by which answers of the same time are told apart. */
  readonly share = Math.random();
  private compressed: Representation | undefined;
  private compressing: Promise<Representation> | undefined;
  private constructor(
    readonly status: StatusCode,
    /** When the making of this answer began, as `performance.now()`: what it says is not older than this. */
    readonly begunMs: number,
    private readonly plain: Representation,
    /** The error that the readers see only as INTERNAL. */
    readonly fault: unknown,
  ) {}

  static async of(response: Response, begunMs: number, fault?: unknown): Promise<KeptAnswer> {
    const status = response.status as StatusCode;
    const body = Buffer.from(await response.arrayBuffer());
    const given = Object.fromEntries(response.headers);
    if (status !== 200) return new KeptAnswer(status, begunMs, represent(given, body), fault);
    const headers = {
      ...given,
      // Whoever keeps the answer must ask each time whether it still holds: it may be two seconds old already.
      'cache-control': 'no-cache',
      vary: 'Accept-Encoding',
      etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`,
    };
    return new KeptAnswer(status, begunMs, represent(headers, body), fault);
  }

  /** How many bytes of memory the answer takes. */
  get bytes(): number {
    return this.plain.body.byteLength + (this.compressed?.body.byteLength ?? 0);
  }

  /** Whether both answers are the same bytes; only the tag is compared. */
  equals({ plain }: KeptAnswer): boolean {
    return plain.headers.etag !== undefined && plain.headers.etag === this.plain.headers.etag;
  }

  /** Takes over what was compressed of an answer with the same bytes. */
  inherit(earlier: KeptAnswer): void {
    this.compressed = earlier.compressed;
  }

  /** Returns the representation that fits `Accept-Encoding`; undefined when it must be compressed first. */
  ready(acceptEncoding: string | undefined): Representation | undefined {
    return this.shallCompress(acceptEncoding) ? this.compressed : this.plain;
  }

  /** Like `ready`, and compresses if that is needed. */
  async represent(wishes: Wishes): Promise<Representation> {
    if (!this.shallCompress(wishes.acceptEncoding)) return this.plain;
    this.compressing ??= this.compress();
    return this.compressed ?? this.compressing;
  }

  private shallCompress(acceptEncoding: string | undefined): boolean {
    const { headers, body } = this.plain;
    if (acceptEncoding === undefined || body.byteLength < LEAST_GZIP_BYTES) return false;
    return headers.etag !== undefined && takesGzip(acceptEncoding);
  }

  private async compress(): Promise<Representation> {
    const { headers, body } = this.plain;
    // A strong tag belongs to the bytes as they are sent.
    const etag = `${headers.etag?.slice(0, -1)}-gzip"`;
    const zipped = await compress(body, GZIP);
    this.compressed = represent({ ...headers, etag, 'content-encoding': 'gzip' }, zipped);
    return this.compressed;
  }
}

function represent(given: Headers, body: Buffer<ArrayBuffer>): Representation {
  const headers = { ...given, 'content-length': String(body.byteLength) };
  return { headers, flat: Object.entries(headers).flat(), body };
}

/** Whether `Accept-Encoding` takes gzip; with the weight 0 it refuses it. */
function takesGzip(accepted: string): boolean {
  const [, weight = '1'] = /(?:^|,)\s*gzip\s*(?:;\s*q=([\d.]+)\s*)?(?:,|$)/i.exec(accepted) ?? [
    '',
    '0',
  ];
  return Number(weight) > 0;
}

/** Whether `If-None-Match` has the tag of these bytes: the reader has them already. */
export function isUnchanged({ headers }: Representation, ifNoneMatch: string | undefined): boolean {
  const { etag } = headers;
  if (etag === undefined || ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === '*') return true;
  // The comparison is weak, as RFC 9110 wants it here: a proxy may have marked the tag as weak.
  return ifNoneMatch.match(/"[^"]*"/g)?.some((tag) => tag === etag) ?? false;
}

/** The headers of a 304. */
export function unchangedHeaders({ headers }: Representation): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !OF_THE_BYTES.has(name)));
}
