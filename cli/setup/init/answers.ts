/** What `openpool init` asks: six questions, each of which a flag answers too. */
import { createInterface } from 'node:readline/promises';
import { isPostgresUrl, isWebUrl } from '../../../config/reading/kinds.js';
import { misuse } from '../../command.js';

export const SERVICES = ['systemd', 'compose', 'none'] as const;
export type Service = (typeof SERVICES)[number];

/** What the new pool is told. */
export interface Answers {
  readonly name: string;
  /** The address of the orchestrator's CLI port. */
  readonly orchestrator: string;
  readonly rpcUrls: readonly string[];
  /** The path of a geth keystore, or `new`. */
  readonly wallet: string;
  /** `embedded`, or a Postgres URL. */
  readonly database: string;
  readonly service: Service;
}

export type Given = { readonly [Key in keyof Answers]?: string | undefined };

/** Public endpoints: enough to try it, and limited in how often they may be asked. */
const PUBLIC_RPC_URLS = [
  'https://arb1.arbitrum.io/rpc',
  'https://arbitrum-one-rpc.publicnode.com',
  'https://arbitrum.drpc.org',
].join(',');

interface Question {
  readonly flag: string;
  readonly asks: string;
  /** Absent: there is no answer that would be right for everybody. */
  readonly usual?: string;
  /** What is wrong with this answer; undefined when nothing is. */
  readonly faultOf: (answer: string) => string | undefined;
}

const isUrl = (text: string) =>
  isWebUrl(text) ? undefined : 'give a URL with http:// or https://';
const urlsOf = (text: string) => text.split(',').map((one) => one.trim());

export const QUESTIONS: Readonly<Record<keyof Answers, Question>> = {
  name: {
    flag: '--name',
    asks: 'What is the pool called?',
    usual: 'my-pool',
    faultOf: (text) =>
      /^[\w .-]{1,40}$/.test(text)
        ? undefined
        : 'give 1 to 40 letters, digits, blanks, dots or hyphens',
  },
  orchestrator: {
    flag: '--orchestrator',
    asks: 'Where does the orchestrator answer (its CLI port, such as https://orchestrator.example.com:7935)?',
    faultOf: isUrl,
  },
  rpcUrls: {
    flag: '--rpc',
    asks: 'RPC endpoints of the chain, separated by commas; three of different operators are best',
    usual: PUBLIC_RPC_URLS,
    faultOf: (text) =>
      urlsOf(text)
        .map(isUrl)
        .find((fault) => fault !== undefined),
  },
  wallet: {
    flag: '--wallet',
    asks: 'The wallet that pays: "new" makes one, or give the path of a geth keystore',
    usual: 'new',
    faultOf: (text) => (text === '' ? 'give new or a path' : undefined),
  },
  database: {
    flag: '--database',
    asks: 'The database: "embedded", or the URL of a Postgres of your own',
    usual: 'embedded',
    faultOf: (text) =>
      text === 'embedded' || isPostgresUrl(text)
        ? undefined
        : 'give embedded, or a URL such as postgres://openpool@localhost:5432/openpool',
  },
  service: {
    flag: '--service',
    asks: `What runs it: ${SERVICES.join(', ')}?`,
    usual: 'none',
    faultOf: (text) =>
      (SERVICES as readonly string[]).includes(text) ? undefined : `give ${SERVICES.join(', ')}`,
  },
};

/** Takes what the flags give, asks a person for the rest, and takes the usual answer where nobody is there to ask. */
export async function collectAnswers(given: Given, isAsking: boolean): Promise<Answers> {
  const found: Record<string, string> = {};
  const terminal = isAsking
    ? createInterface({ input: process.stdin, output: process.stderr })
    : undefined;
  try {
    for (const [key, question] of Object.entries(QUESTIONS)) {
      const flag = given[key as keyof Answers]?.trim();
      const fault = flag === undefined ? undefined : question.faultOf(flag);
      // The answer itself is not repeated: it may hold a password or a key.
      if (fault !== undefined) throw misuse(`${question.flag}: ${fault}`);
      found[key] = flag ?? (await answer(question, terminal));
    }
  } finally {
    terminal?.close();
  }
  const { rpcUrls = '', ...texts } = found;
  if (texts['service'] === 'compose' && texts['database'] !== QUESTIONS.database.usual) {
    throw misuse(
      '--service compose has a Postgres of its own and takes no --database: leave it out, or give another --service',
    );
  }
  return { ...texts, rpcUrls: urlsOf(rpcUrls) } as unknown as Answers;
}

type Terminal = ReturnType<typeof createInterface>;

async function answer(question: Question, terminal: Terminal | undefined): Promise<string> {
  const { flag, asks, usual, faultOf } = question;
  if (terminal === undefined) {
    if (usual !== undefined) return usual;
    throw misuse(`nobody is there to ask: give ${flag}. ${asks}`);
  }
  for (;;) {
    const said = (
      await terminal.question(`${asks}${usual === undefined ? '' : ` [${usual}]`} `)
    ).trim();
    const taken = said === '' ? (usual ?? '') : said;
    const fault = faultOf(taken);
    if (fault === undefined) return taken;
    process.stderr.write(`${fault}\n`);
  }
}
