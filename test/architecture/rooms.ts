/** The rooms of the house from the ground up: each may import from those before it, and from its own. */
export interface Room {
  readonly path: string;
  /** What stands there, in the words of the drawing. */
  readonly is: string;
}

/** Rooms of one storey know nothing of each other. */
export const STOREYS: readonly (readonly Room[])[] = [
  [{ path: 'core/base', is: 'money, addresses, times, errors' }],
  [
    { path: 'core/processes', is: 'processes, and whether their loops turn' },
    { path: 'core/plugins', is: 'modules and options of third parties' },
  ],
  [
    { path: 'core/db', is: 'Postgres: connections, locks, migrations' },
    { path: 'core/chain', is: 'RPC endpoints, receipts, gas fees, signers' },
  ],
  [{ path: 'core/ledger', is: 'accounts and postings, who decided what' }],
  [{ path: 'core/notices', is: 'what is told, and to whom' }],
  [
    { path: 'core/access', is: 'who may use the API' },
    { path: 'core/orders', is: 'what people order' },
    { path: 'core/self-service', is: 'what payees decide themselves' },
    { path: 'core/terms', is: 'the dated terms' },
  ],
  [
    { path: 'core/events', is: 'sources, raw events, credits' },
    { path: 'core/payouts', is: 'reserving, sending, settling' },
  ],
  [{ path: 'core/payees', is: 'payees and remote workers, as shown' }],
  [
    { path: 'core/policies', is: 'what differs between workers, asked and kept' },
    { path: 'core/checks', is: 'chain against ledger against events' },
    { path: 'core/decisions', is: 'what a person decides about fees' },
    { path: 'core/statements', is: 'what is in a payout; statements' },
  ],
  [
    { path: 'core/guard', is: 'how remote workers perform, and what follows' },
    { path: 'core/revenue', is: 'what tickets bring, and who shares it' },
  ],
  [{ path: 'core/moving', is: 'taking over from another manager' }],
  [{ path: 'core/diagnosis', is: 'how the doctor judges' }],
  [{ path: 'core/history', is: 'archive and rebuild' }],
  [{ path: 'core/standing', is: 'how the pool stands' }],
  [{ path: 'core/sentinel', is: 'findings' }],
  [{ path: 'config', is: 'the only reader of files and environment' }],
  [{ path: 'workflows/contract.ts', is: 'ids, messages, attributes' }],
  [
    { path: 'activities', is: 'what Temporal calls' },
    { path: 'workflows', is: 'the order of steps' },
  ],
  [{ path: 'start', is: 'how every process starts' }],
  [{ path: 'client', is: 'what API and command line ask of a running pool' }],
  [{ path: 'worker', is: 'the Temporal worker' }],
  [{ path: 'doctor', is: 'what is wrong with a pool' }],
  [{ path: 'api', is: 'HTTP' }],
  [{ path: 'cli', is: 'the command line' }],
  [{ path: 'main.ts', is: 'all in one command' }],
  [{ path: 'dev', is: 'a whole pool on one machine' }],
];

export const ROOMS: readonly Room[] = STOREYS.flat();
const ROOMS_LONGEST_FIRST = [...ROOMS].sort((a, b) => b.path.length - a.path.length);

/** The room that a file stands in; undefined for tests, benches and settings. */
export function roomOf(path: string): Room | undefined {
  return ROOMS_LONGEST_FIRST.find((room) => path === room.path || path.startsWith(`${room.path}/`));
}

export function storeyOf(room: Room): number {
  return STOREYS.findIndex((storey) => storey.includes(room));
}
