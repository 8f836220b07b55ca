/**
 * The settings of every Postgres session, made by a statement right after it is connected. They are not part of the
 * connection request, because a pooler such as PgBouncer refuses a request that brings settings, or is configured to drop
 * them silently.
 */
import pg from 'pg';

type Settings = Readonly<Record<string, string>>;

/**
 * Settings that decide the form in which Postgres reads and writes values. A database, a role or a machine may set others,
 * and Postgres then answers in another form: with `DateStyle` `SQL, DMY` the 5th of November came back as the 11th of May.
 */
const FORMS: Settings = {
  TimeZone: 'UTC',
  DateStyle: 'ISO,YMD',
  IntervalStyle: 'postgres',
  bytea_output: 'hex',
  extra_float_digits: '1',
  standard_conforming_strings: 'on',
  transform_null_equals: 'off',
  default_transaction_isolation: 'read committed',
};
/** With these settings the server gives up a connection whose other end is gone, and with it the locks that it holds. */
const KEEPS_ALIVE: Settings = {
  tcp_keepalives_idle: '15',
  tcp_keepalives_interval: '5',
  tcp_keepalives_count: '4',
  tcp_user_timeout: '35000',
};
const PATIENCE_MS = 10_000;

/** Returns a pool's configuration whose connections first get the settings, and the URL's own where these say nothing. */
export function withSessionSettings(
  config: pg.PoolConfig & { readonly connectionString: string },
  timeouts: Settings,
): pg.PoolConfig {
  const { connectionString, settings: own } = takeOptions(config.connectionString);
  const settings = { ...own, ...FORMS, ...timeouts };
  const statement = {
    text: 'SELECT set_config(key, value, false) FROM json_each_text($1)',
    values: [JSON.stringify(settings)],
    query_timeout: PATIENCE_MS,
  };
  class Client extends pg.Client {
    constructor() {
      super({ ...config, connectionString });
    }
  }
  return {
    ...config,
    Client,
    // The pool waits for this statement, and hands out no connection on which it failed.
    onConnect: (client) => client.query(statement) as unknown as undefined,
  };
}

/** Takes settings out of the URL's `options`; what only the start of a session takes stays there, with all the rest. */
function takeOptions(url: string): {
  readonly connectionString: string;
  readonly settings: Settings;
} {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const settings = readOptions(parsed?.searchParams.get('options') ?? '');
  if (settings === undefined) return { connectionString: url, settings: {} };
  if (parsed === undefined || !parsed.searchParams.has('options')) {
    return { connectionString: url, settings: KEEPS_ALIVE };
  }
  parsed.searchParams.delete('options');
  return { connectionString: parsed.toString(), settings: { ...KEEPS_ALIVE, ...settings } };
}

/** Reads `-c name=value` and `--name=value` with blanks escaped by backslashes; undefined for anything else. */
function readOptions(text: string): Settings | undefined {
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
