/** The documentation of the API, rendered from its OpenAPI document: a list of the routes, and a page for each. */
import type { Hono } from 'hono';
import { nowOf, type RunningPool } from '../../../client/running-pool.js';
import { PoolError } from '../../../core/base/errors/pool-error.js';
import type { AnswerObject, OpenApiDocument, Operation } from '../../openapi/document.js';
import type { Json } from '../../openapi/schemas.js';
import { Layout } from '../kit/layout.js';
import { type Html, Pill, Section, TableSection } from '../kit/parts.js';
import { type FieldRow, fieldRows, typeOf } from './field-rows.js';

interface ListedOperation {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

export function docsPageRoutes(
  app: Hono,
  pool: RunningPool,
  documentOf: () => OpenApiDocument,
): void {
  const { config, version } = pool;
  const page = (title: string, children: Html) => (
    <Layout
      config={config}
      version={version}
      now={nowOf(pool)}
      title={`${title}: ${config.pool.name}`}
      json="/openapi.json"
    >
      {children}
    </Layout>
  );
  app.get('/docs', (c) => c.html(page('API', <Overview document={documentOf()} />)));
  app.get('/docs/:operation', (c) => {
    const document = documentOf();
    const asked = c.req.param('operation');
    const listed = operationsOf(document).find(({ operation }) => operation.operationId === asked);
    if (listed === undefined) {
      throw new PoolError('ROUTE_NOT_FOUND', 'The API has no operation of this name.');
    }
    return c.html(page(routeOf(listed), <OperationPage listed={listed} document={document} />));
  });
}

const operationsOf = ({ paths }: OpenApiDocument): readonly ListedOperation[] =>
  Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      operation,
    })),
  );

const routeOf = ({ method, path }: ListedOperation): string => `${method} ${path}`;

function Overview({ document }: { readonly document: OpenApiDocument }): Html {
  const operations = operationsOf(document);
  return (
    <>
      <Section title="The API of this pool">
        <div class="empty">
          <p>{document.info.description}</p>
          <p>
            <a href="/openapi.json">/openapi.json</a> is all of it for programs, as OpenAPI 3.1.
          </p>
        </div>
      </Section>
      {document.tags.map(({ name, description }) => (
        <TableSection
          title={name}
          note={description}
          columns={['Route', 'What', 'Token']}
          rows={operations
            .filter(({ operation }) => operation.tags.includes(name))
            .map((listed) => <OverviewRow listed={listed} />)}
          empty="None."
        />
      ))}
    </>
  );
}

function OverviewRow({ listed }: { readonly listed: ListedOperation }): Html {
  const { operation } = listed;
  return (
    <tr>
      <td class="why s6">
        <a href={`/docs/${operation.operationId}`}>{routeOf(listed)}</a>
      </td>
      <td class="why s6">{operation.summary}</td>
      <td class="s6">
        <Needs operation={operation} />
      </td>
    </tr>
  );
}

/** The role that a token needs. */
function Needs({ operation }: { readonly operation: Operation }): Html {
  const role = operation['x-role'];
  if (typeof role !== 'string') return <span class="dim">public</span>;
  return <Pill tone="info">{role}</Pill>;
}

interface OperationProps {
  readonly listed: ListedOperation;
  readonly document: OpenApiDocument;
}

function OperationPage({ listed, document }: OperationProps): Html {
  const { operation } = listed;
  const { schemas } = document.components;
  const given = operation.parameters.map(
    ({ name, in: where, required, description = '', schema }): FieldRow & { where: string } => ({
      name,
      where,
      type: typeOf(schema, schemas),
      words: [description, limitsOf(schema)].filter((text) => text !== '').join(' '),
      isNeeded: required,
    }),
  );
  const body = operation.requestBody?.content['application/json']?.schema;
  const refusals = refusalsOf(operation, document);
  return (
    <>
      <Section title={routeOf(listed)} note={<Needs operation={operation} />}>
        <div class="empty">
          <p>{operation.summary}</p>
          <p>
            <code>{commandOf(listed)}</code>
          </p>
          <p>
            <a href="/docs">All routes</a>
          </p>
        </div>
      </Section>
      {given.length > 0 && (
        <Fields
          title="It takes"
          note="in the path, the query or a header"
          rows={given.map((row) => ({ ...row, words: `In the ${row.where}. ${row.words}` }))}
        />
      )}
      {body !== undefined && (
        <Fields title="Its body" note="JSON" rows={fieldRows(body, schemas)} />
      )}
      {answersOf(operation).map(({ statuses, media, schema }) => (
        <Fields
          title={`Answer ${statuses.join(', ')}`}
          note={media}
          rows={fieldRows(schema, schemas)}
        />
      ))}
      <TableSection
        title="Refusals"
        note="code, message and help, as JSON"
        columns={['Status', 'Codes']}
        rows={refusals.map(({ status, codes }) => (
          <tr>
            <td class="s2">{status}</td>
            <td class="why s6">{codes}</td>
          </tr>
        ))}
        empty="None."
      />
    </>
  );
}

interface FieldsProps {
  readonly title: string;
  readonly note: string;
  readonly rows: readonly FieldRow[];
}

function Fields({ title, note, rows }: FieldsProps): Html {
  return (
    <TableSection
      title={title}
      note={note}
      columns={['Field', 'Is', 'What']}
      rows={rows.map(({ name, type, words, isNeeded }) => (
        <tr>
          <td class="why s6">
            <code>{name === '' ? 'the whole' : name}</code>
          </td>
          <td class="why s6">
            {type}
            {!isNeeded && <span class="dim">, may be left out</span>}
          </td>
          <td class="why s6">{words}</td>
        </tr>
      ))}
      empty="No fields."
    />
  );
}

/** Says what a parameter's values are bounded by. */
function limitsOf({ minimum, maximum, default: unless }: Json): string {
  const bounds = minimum === undefined ? '' : `From ${minimum} to ${maximum}.`;
  return unless === undefined ? bounds : `${bounds} Default: ${unless}.`.trim();
}

const FIRST_REFUSAL = 400;

/** Returns the bodies of the answers that are no refusals; statuses with the same body stand together. */
function answersOf({ responses }: Operation) {
  const answers = new Map<
    string,
    { readonly statuses: string[]; readonly media: string; readonly schema: Json }
  >();
  for (const [status, response] of Object.entries(responses)) {
    if (!isAnswer(response) || Number(status) >= FIRST_REFUSAL) continue;
    for (const [media, { schema }] of Object.entries(response.content ?? {})) {
      const key = `${media} ${JSON.stringify(schema)}`;
      const { statuses } = answers.get(key) ?? { statuses: [] };
      answers.set(key, { statuses: [...statuses, status], media, schema });
    }
  }
  return [...answers.values()];
}

function refusalsOf({ responses }: Operation, { components }: OpenApiDocument) {
  const refused = Object.entries(responses).filter(([status]) => Number(status) >= FIRST_REFUSAL);
  return refused.map(([status, response]) => {
    const name = isAnswer(response) ? '' : response.$ref.split('/').at(-1);
    const shown = isAnswer(response) ? response : components.responses[name ?? ''];
    return { status, codes: shown?.description.replace('Refused: ', '') ?? '' };
  });
}

const isAnswer = (response: Operation['responses'][string]): response is AnswerObject =>
  'content' in response;

/** Returns a command that asks the route. */
function commandOf({ method, path, operation }: ListedOperation): string {
  const isPost = method === 'POST';
  const token = operation['x-role'] === undefined ? '' : ' -H "Authorization: Bearer $TOKEN"';
  const body = isPost ? " -H 'Content-Type: application/json' -d '{…}'" : '';
  return `curl${isPost ? ' -X POST' : ''}${token}${body} https://…${path}`;
}
