/** The errors of the database: the embedded one's start, and whom the configured one lets do what. */
export const DATABASE_ERRORS = {
  DATABASE_UNREACHABLE: {
    final: false,
    http: 503,
    help: 'Check `database` in the configuration and that Postgres runs; then try again.',
  },
  DATABASE_FORBIDDEN: {
    final: false,
    http: 503,
    help: 'The role in `database.url` lacks a right. The API’s role, openpool_api, is given its rights whenever a worker starts: start one. A worker’s role must own the tables. docs/deployment.md has both. What the API’s role never may, moving a source, is for the command line with a worker’s configuration.',
  },
  DATABASE_READ_ONLY: {
    final: false,
    http: 503,
    help: 'Postgres takes no writes: `database.url` leads to a standby, or default_transaction_read_only is on for the server, the database or the role. Point it at the primary, or set that off (ALTER DATABASE … RESET default_transaction_read_only) and start again.',
  },
  DATABASE_REFUSED: {
    final: false,
    http: 503,
    help: 'Postgres answered and refused to open the database or to bring it to this version: the message has its words. Nothing of it was done; correct what they name and start again.',
  },
  DATABASE_NOT_SET_UP: {
    final: false,
    http: 503,
    help: 'The embedded Postgres could not be made, or brought over from the version before; the message has what it said. What the ledger says was not touched: keep a copy of the directory, correct what is named and start again, which goes on where it was.',
  },
  DATABASE_NOT_STARTED: {
    final: false,
    http: 503,
    help: 'The embedded Postgres did not start: the message has its last words, server.log in its directory all of them. Correct what they name and start again.',
  },
  DATABASE_IN_USE: {
    final: false,
    http: 503,
    help: 'Stop every worker, API and tool that uses the embedded Postgres, then start again.',
  },
  DATABASE_PASSWORD_WRONG: {
    final: true,
    http: 500,
    help: 'The password in openpool.pgpass, in the directory of the embedded Postgres, is not that of its role. Stop every worker and API, end the server (kill -INT, its pid is in postmaster.pid), remove that file and start again: a new password is made.',
  },
} as const;
