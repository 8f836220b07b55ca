/** Checks answers against the OpenAPI document: their route, status, content type, and every field of their bodies. */
import { gunzipSync } from 'node:zlib';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { CATALOGUE } from '../../core/base/errors/catalogue.js';

type Json = Record<string, unknown>;

/** A response of the document, and where it stands there. */
interface Place {
  readonly described: Json | undefined;
  readonly where: readonly string[];
}

interface Document {
  readonly components: { readonly responses: Readonly<Record<string, Json>> };
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly responses: Json }>>>>;
}

/** Larger bodies are checked once for each route and status: tests of crowds ask for the same one thousands of times. */
const LARGE = 100_000;
/** Errors that answer before any route does, or where there is none. */
const WITHOUT_ROUTE = new Set(['ROUTE_NOT_FOUND', 'METHOD_NOT_ALLOWED', 'BODY_TOO_LARGE']);

export type CheckAnswer = ReturnType<typeof createAnswerCheck>;

/** Makes the check; it returns what is wrong with an answer, or undefined. */
export function createAnswerCheck(document: Document) {
  const ajv = new Ajv2020({ strict: false, allErrors: true, verbose: true });
  ajv.addFormat('date-time', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
  ajv.addFormat('date', /^\d{4}-\d\d-\d\d$/);
  ajv.addSchema(closed(document), 'openapi');
  const routes = Object.entries(document.paths).flatMap(([template, operations]) =>
    Object.entries(operations).map(([method, { responses }]) => ({
      place: `${method.toUpperCase()} ${template}`,
      method: method.toUpperCase(),
      form: new RegExp(`^${template.replace(/\{\w+\}/g, '[^/]+').replace(/\./g, '\\.')}$`),
      at: ['paths', template, method, 'responses'],
      responses,
      isExact: !template.includes('{'),
    })),
  );
  routes.sort((a, b) => Number(b.isExact) - Number(a.isExact));
  const resolve = (response: unknown, at: readonly string[]): Place => {
    if (!isJson(response)) return { described: undefined, where: at };
    const [, , name = ''] = String(response['$ref'] ?? '')
      .split('/')
      .slice(1);
    if (name === '') return { described: response, where: at };
    return {
      described: document.components.responses[name],
      where: ['components', 'responses', name],
    };
  };
  const checked = new Set<string>();
  const validators = new Map<string, ValidateFunction>();
  const validatorAt = (parts: readonly string[]): ValidateFunction => {
    const pointer = parts.map((part) => part.replaceAll('~', '~0').replaceAll('/', '~1'));
    const $ref = `openapi#/${pointer.map(encodeURIComponent).join('/')}`;
    const validator = validators.get($ref) ?? ajv.compile({ $ref });
    validators.set($ref, validator);
    return validator;
  };
  return async (request: Request, response: Response): Promise<string | undefined> => {
    const { pathname } = new URL(request.url);
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    const media = (response.headers.get('content-type') ?? '').split(';')[0] ?? '';
    const route = routes.find((one) => one.method === method && one.form.test(pathname));
    const status = String(response.status);
    if (route === undefined) {
      const isOurs = media !== 'application/json' || (await isErrorOfNoRoute(response));
      return isOurs ? undefined : `${method} ${pathname} answered JSON and is not in the document`;
    }
    const { place, at, responses } = route;
    const { described, where } = resolve(responses[status], [...at, status]);
    if (described === undefined) {
      return `${place} answered ${status}: ${await response.clone().text()}, which it does not say`;
    }
    const content = described['content'];
    if (content === undefined && media === '') return undefined;
    if (!isJson(content) || !(media in content)) {
      return `${place} ${status} answered ${media}, which it does not say`;
    }
    if (request.method === 'HEAD' || media !== 'application/json') return undefined;
    const text = await textOf(response);
    const key = `${place} ${status}`;
    if (text.length > LARGE && checked.has(key)) return undefined;
    checked.add(key);
    const validator = validatorAt([...where, 'content', media, 'schema']);
    if (validator(JSON.parse(text))) return undefined;
    const faults = (validator.errors ?? []).map(
      ({ instancePath, message, params, data }) =>
        `  ${instancePath === '' ? 'the answer' : instancePath} ${message} ${JSON.stringify(params)}, is ${JSON.stringify(data)?.slice(0, 200)}`,
    );
    return `${key} answered what the document does not say:\n${faults.slice(0, 10).join('\n')}`;
  };
}

/** Reads a body that may be compressed. */
async function textOf(response: Response): Promise<string> {
  const bytes = Buffer.from(await response.clone().arrayBuffer());
  const isZipped = response.headers.get('content-encoding') === 'gzip';
  return (isZipped ? gunzipSync(bytes) : bytes).toString('utf8');
}

/** Pages and paths where nothing is answer errors as JSON. */
async function isErrorOfNoRoute(response: Response): Promise<boolean> {
  const body: unknown = await response.clone().json();
  if (response.status < 400 || !isJson(body)) return false;
  const code = String(body['code']);
  return Object.hasOwn(CATALOGUE, code) && (WITHOUT_ROUTE.has(code) || 'help' in body);
}

/** Returns the schemas without room for fields that they do not name. The parts of an `allOf` share theirs. */
function closed(value: unknown, isShared = false): Json {
  const close = (part: unknown, shares = false): unknown => {
    if (Array.isArray(part)) return part.map((one) => close(one, shares));
    return isJson(part) ? closed(part, shares) : part;
  };
  const parts = Object.entries(isJson(value) ? value : {}).map(
    ([key, part]) => [key, close(part, key === 'allOf')] as const,
  );
  const result: Json = Object.fromEntries(parts);
  const names = isJson(result['properties']);
  if (names && !isShared && !('additionalProperties' in result)) {
    result['additionalProperties'] = false;
  }
  return result;
}

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
