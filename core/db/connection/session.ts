/**
 * What every session of Postgres is told, by a statement once its connection stands: a pooler such as PgBouncer refuses a
 * connection that brings settings along, or is told to drop them in silence.
 */
import pg from 'pg';

type Settings = Readonly<Record<string, string>>;

/**
 * What is read and written depends on these. A database, a role or a machine may say otherwise, and Postgres then
 * answers in another form: with `DateStyle` `SQL, DMY` the 5th of November came back as the 11th of May.
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
/** The server gives up a connection whose other end is gone, and with it the locks that it holds. */
const KEEPS_ALIVE: Settings = {
  tcp_keepalives_idle: '15',
  tcp_keepalives_interval: '5',
  tcp_keepalives_count: '4',
  tcp_user_timeout: '35000',
};
const PATIENCE_MS = 10_000;

/**
 * Gives a pool's configuration whose connections are told the settings before anybody gets them. What the URL says in its own
 * `options`, such as a `search_path`, counts where nothing here says otherwise.
 */
export function withSessionSettings(
  config: pg.PoolConfig & { readonly connectionString: string },
  timeouts: Settings,
): pg.PoolConfig {
  const { connectionString, settings: own } = takeOptions(config.connectionString);
  const settings = { ...own, ...FORMS, ...timeouts };
  const calls = Object.keys(settings).map(
    (_, i) => `set_config($${2 * i + 1}, $${2 * i + 2}, false)`,
  );
  const statement = {
    text: `SELECT ${calls.join(', ')}`,
    values: Object.entries(settings).flat(),
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
    // The pool waits for it, and gives nobody a connection on which it failed.
    onConnect: (client) => client.query(statement) as unknown as undefined,
  };
}

/** The URL without its `options`, and what these set; with them where they hold what only the start of a session takes. */
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

/** `-c name=value` and `--name=value`, a blank in a value behind a backslash; undefined for anything else. */
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
