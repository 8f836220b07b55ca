/**
 * The settings of a session, by a statement after the connection stands. A pooler such as PgBouncer refuses a
 * connection that brings them along, or drops them in silence where it is told to.
 */
import pg from 'pg';

/** What the driver would send along, as Postgres calls it. */
const TIMEOUTS = [
  'statement_timeout',
  'lock_timeout',
  'idle_in_transaction_session_timeout',
] as const;
const PATIENCE_MS = 10_000;

/** The same pool, whose connections are told their settings before anybody gets them. */
export function settingAfterConnecting(config: pg.PoolConfig): pg.PoolConfig {
  const { rest, settings } = takeSettings(config);
  const given = Object.entries(settings);
  const text = `SELECT ${given.map((_, i) => `set_config($${2 * i + 1}, $${2 * i + 2}, false)`).join(', ')}`;
  class Client extends pg.Client {
    constructor() {
      super(rest);
    }
  }
  return {
    ...config,
    Client,
    // The pool waits for it, and gives nobody a connection on which it failed.
    onConnect(client) {
      const query = { text, values: given.flat(), query_timeout: PATIENCE_MS };
      return client.query(query) as unknown as undefined;
    },
  };
}

interface Taken {
  readonly rest: pg.ClientConfig;
  readonly settings: Readonly<Record<string, string>>;
}

function takeSettings(config: pg.PoolConfig): Taken {
  const rest: pg.ClientConfig = { ...config };
  const settings: Record<string, string> = {};
  for (const name of TIMEOUTS) {
    const value = rest[name];
    delete rest[name];
    if (value !== undefined) settings[name] = String(value);
  }
  const url = URL.canParse(config.connectionString ?? '')
    ? new URL(config.connectionString ?? '')
    : undefined;
  const inUrl = url?.searchParams.get('options') ?? '';
  const read = readOptions(`${config.options ?? ''} ${inUrl}`);
  // Something else than settings, which only the start of a session takes.
  if (read === undefined) return { rest, settings };
  delete rest.options;
  if (url !== undefined && inUrl !== '') {
    url.searchParams.delete('options');
    rest.connectionString = url.toString();
  }
  return { rest, settings: { ...read, ...settings } };
}

/** `-c name=value` and `--name=value`, a blank in a value behind a backslash; undefined for anything else. */
function readOptions(text: string): Record<string, string> | undefined {
  const settings: Record<string, string> = {};
  const left = text.replace(
    /(?:^|\s)(?:-c\s*|--)([\w.-]+)=((?:\\.|[^\s\\])*)(?=\s|$)/gs,
    (_, name: string, value: string) => {
      settings[name.replaceAll('-', '_')] = value.replace(/\\(.)/gs, '$1');
      return '';
    },
  );
  return left.trim() === '' ? settings : undefined;
}
