import { z } from 'zod';
import { duration, size } from '../quantity.js';

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;
/** One bucket answers at many addresses of AWS: with the region, without, dual-stack. */
const AWS_HOST = /^s3[.-](?:[a-z0-9-]+\.)*amazonaws\.com$/;

const endpoint = z.string().transform((text, context) => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const refuse = (message: string): never => {
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  };
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    return refuse('give a URL with http:// or https://');
  }
  if (url.username !== '' || url.password !== '') {
    return refuse('put the keys under accessKey and secretKey');
  }
  url.search = '';
  url.hash = '';
  url.pathname = url.pathname.replace(/\/+$/, '');
  return url;
});

/** A folder of the bucket, however it is written; the empty text is the whole bucket. */
const prefix = z.string().transform((text) => {
  const folder = text.replace(/^\/+/, '').replace(/\/+$/, '');
  return folder === '' ? '' : `${folder}/`;
});

/** The options of a source of kind `s3`. */
export const s3Options = z
  .strictObject({
    /** The storage's address without the bucket: `https://s3.eu-central-1.amazonaws.com`. */
    endpoint,
    bucket: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$/, 'give the name of a bucket'),
    /** What requests are signed for. */
    region: z.string().min(1).default('us-east-1'),
    prefix: prefix.default(''),
    /** `accessKeyFile`, `secretKeyFile` in the configuration. */
    accessKey: z.string().min(1),
    secretKey: z.string().min(1),
    /** The bucket in the path of a request, as most servers want it; false: in the host's name. */
    pathStyle: z.boolean().default(true),
    /** Without TLS, elsewhere than on this machine. Whoever is in between can invent fees. */
    plainHttp: z.boolean().default(false),
    /** Certificates to trust beside the well-known ones, as PEM; `caFile` in the configuration. */
    ca: z.string().includes('-----BEGIN CERTIFICATE-----').optional(),
    connectTimeout: duration.default(10_000),
    /** Without a byte. */
    idleTimeout: duration.default(60_000),
    maxElement: size.default(1_048_576),
  })
  .superRefine(({ endpoint: { protocol, hostname }, bucket, plainHttp }, context) => {
    const refuse = (key: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [key], message });
    if (protocol === 'http:' && !plainHttp && !LOOPBACK.test(hostname)) {
      refuse(
        'endpoint',
        'use https://, or say plainHttp: true where nobody else is on the network',
      );
    }
    if (hostname.startsWith(`${bucket.toLowerCase()}.`)) {
      refuse('endpoint', 'leave the bucket out of it: it stands under bucket');
    }
  });
export type S3Options = z.output<typeof s3Options>;

/** Endpoint, bucket and folder, the same in every spelling; what lies under it begins with it. */
export function placeOf({
  endpoint: { host, pathname },
  bucket,
  prefix: folder,
}: S3Options): string {
  const server = AWS_HOST.test(host) ? 's3.amazonaws.com' : host.replace(/\.(?=:\d+$|$)/, '');
  return `s3://${server}${pathname.replace(/\/+$/, '')}/${bucket}/${folder}`;
}
