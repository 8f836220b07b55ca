/** The options of a source of kind `s3`, and the place that they name. */
import { z } from 'zod';
import { certificates, duration, serverUrl, size } from '../../../plugins/options.js';

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;
/** Matches hosts of AWS, which serves one bucket at many addresses: with the region, without it, and dual-stack. */
const AWS_HOST = /^s3[.-](?:[a-z0-9-]+\.)*amazonaws\.com$/;

const endpoint = serverUrl('the keys under accessKey and secretKey').transform((url) => {
  url.pathname = url.pathname.replace(/\/+$/, '');
  return url;
});

/** A folder of the bucket, with or without slashes around it; an empty text means the whole bucket. */
const prefix = z.string().transform((text) => {
  const folder = text.replace(/^\/+/, '').replace(/\/+$/, '');
  return folder === '' ? '' : `${folder}/`;
});

export const s3Options = z
  .strictObject({
    /** The storage's address without the bucket: `https://s3.eu-central-1.amazonaws.com`. */
    endpoint,
    bucket: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$/, 'give the name of a bucket'),
    /** The region that requests are signed for. */
    region: z.string().min(1).default('us-east-1'),
    prefix: prefix.default(''),
    /** The configuration names files for the two keys: `accessKeyFile` and `secretKeyFile`. */
    accessKey: z.string().min(1),
    secretKey: z.string().min(1),
    /** True puts the bucket into the path of a request, as most servers want it; false puts it into the host name. */
    pathStyle: z.boolean().default(true),
    /** Allows a server on another machine without TLS. Anybody on the way to it can then invent fees. */
    plainHttp: z.boolean().default(false),
    ca: certificates,
    connectTimeout: duration.default(10_000),
    /** The longest time to wait for the next byte. */
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

/** Returns endpoint, bucket and folder as one text, one for every spelling; a subfolder's begins with its folder's. */
export function placeOf({
  endpoint: { host, pathname },
  bucket,
  prefix: folder,
}: S3Options): string {
  const server = AWS_HOST.test(host) ? 's3.amazonaws.com' : host.replace(/\.(?=:\d+$|$)/, '');
  return `s3://${server}${pathname.replace(/\/+$/, '')}/${bucket}/${folder}`;
}
