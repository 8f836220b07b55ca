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
  DATABASE_FULL: {
    final: false,
    http: 503,
    help: 'The disk of Postgres is full (the database’s directory, or its pg_wal): give it room. Nothing is lost; what was asked was not done, and everything goes on by itself.',
  },
  DATABASE_TOO_OLD: {
    final: true,
    http: 500,
    help: 'openpool needs Postgres 17 or newer: upgrade the server (pg_upgrade, or dump and restore), or name another one in `database`.',
  },
  DATABASE_SCHEMA_NEWER: {
    final: true,
    http: 500,
    help: 'A newer openpool has brought the database to its own version, and this one would write what that one misreads. Run the newer one; to go back, restore a backup from before it and read docs/operations.md, Backup and restore, first.',
  },
  DATABASE_ENCODING_WRONG: {
    final: true,
    http: 500,
    help: 'Make the database anew with the encoding UTF8 (CREATE DATABASE … TEMPLATE template0 ENCODING UTF8): in another one, what orchestrators say cannot be kept as it was said.',
  },
  DATABASE_POOLED: {
    final: true,
    http: 500,
    help: 'What stands between openpool and Postgres gives each transaction another session, and locks that openpool holds in its session guard money: point `database.url` at Postgres itself, or set `pool_mode = session` for this database in PgBouncer.',
  },
  STATE_DIRECTORY_UNUSABLE: {
    final: false,
    http: 503,
    help: 'Give the directory that is named (`database.embedded.dir`, `retention.archiveDir`) a disk that can be written and has room, and to the user that runs openpool; then start again, or wait for the next run of the archive. What was there before is untouched.',
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
    help: 'The embedded Postgres did not start: the message has its last words, server.log in its directory all of them. Correct what they name and start again. Of a lock file that exists: when no postgres of this directory runs, remove postmaster.pid there.',
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
