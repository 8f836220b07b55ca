/** The texts that `openpool init` writes: the pool's file, and what runs it. */
import { randomBytes } from 'node:crypto';
import { misuse } from '../../command.js';
import type { Answers, Service } from './answers.js';

/** Where the pool's files are, as the pool's file names them. */
export interface Places {
  /** Of keystore.json, passphrase, api-token, database-url. */
  readonly secrets: string;
  /** Of what the pool keeps: the embedded Postgres, archived months. */
  readonly state: string;
}

/** By systemd, the secrets are handed over by systemd itself; a person at the command line names their directory. */
export const SECRETS_VARIABLE = 'OPENPOOL_SECRETS';

const PLACES: Readonly<Record<Service, Places>> = {
  systemd: { secrets: `\${${SECRETS_VARIABLE}}`, state: '/var/lib/openpool' },
  compose: { secrets: '/run/secrets', state: '/var/lib/openpool' },
  none: { secrets: 'secrets', state: '.openpool' },
};

export const newSecret = () => randomBytes(32).toString('hex');

/** Quotes any text for YAML: JSON's strings are YAML's. */
const quoted = (text: string) => JSON.stringify(text);

export function poolFile(answers: Answers, chainId: number, now: Date): string {
  const { secrets, state } = PLACES[answers.service];
  const isCompose = answers.service === 'compose';
  return `# yaml-language-server: $schema=./openpool.schema.json
# Made by \`openpool init\`. What does not stand here has its default: pools/openpool.yaml in the package shows every key.
pool:
  name: ${quoted(answers.name)}
  # The terms. The first start records them; later they change by \`openpool terms change\`.
  commission: 25%
  payoutThreshold: 0.005 ETH
  payoutInterval: 4h

sources:
  # The id is for ever.
  - id: orchestrator-1
    region: global
    nodeType: transcode
    # Jobs before this time are not counted; "beginning" counts all that the orchestrator still has.
    from: ${now.toISOString().slice(0, 19)}Z
    options:
      endpoint: ${quoted(answers.orchestrator)}

database:
${databaseLines(answers, secrets, state)}
retention:
  archiveDir: ${state}/archive

chain:
  id: ${chainId}
  # They may hold keys, and stand in a file that nobody else reads.
  ${isCompose ? 'rpcUrlsFile: files/rpc-urls' : `rpcUrlsFile: ${secrets}/rpc-urls`}

wallet:
  keystoreFile: ${secrets}/${isCompose ? 'keystore' : 'keystore.json'}
  passphraseFile: ${secrets}/passphrase

api:
${isCompose ? '  host: 0.0.0.0\n' : ''}  tokenFile: ${secrets}/api-token
`;
}

function databaseLines({ service, database }: Answers, secrets: string, state: string): string {
  if (service === 'compose') {
    return `  # Each service of docker-compose.yml has a role of its own.
  url: postgres://\${OPENPOOL_DATABASE_ROLE}@postgres:5432/openpool
  passwordFile: ${secrets}/database-password
`;
  }
  if (database === 'embedded') return `  embedded:\n    dir: ${state}/postgres\n`;
  return `  urlFile: ${secrets}/database-url\n`;
}

/** The secrets, by their file's name. */
export function secretsOf(answers: Answers, wallet: { keystore: string; passphrase: string }) {
  const isCompose = answers.service === 'compose';
  return {
    'secrets/keystore.json': wallet.keystore,
    'secrets/passphrase': wallet.passphrase,
    'secrets/api-token': `${newSecret()}\n`,
    [isCompose ? 'files/rpc-urls' : 'secrets/rpc-urls']: `${answers.rpcUrls.join('\n')}\n`,
    ...(isCompose
      ? {
          'secrets/database-password': `${newSecret()}\n`,
          'secrets/api-database-password': `${newSecret()}\n`,
        }
      : {}),
    ...(!isCompose && answers.database !== 'embedded'
      ? { 'secrets/database-url': `${answers.database}\n` }
      : {}),
  };
}

export interface UnitPlaces {
  readonly node: string;
  /** dist/main.js of the installed package. */
  readonly entry: string;
  readonly config: string;
  readonly secretsDir: string;
  readonly secrets: readonly string[];
}

/** The unit of worker and API. Node compiles to machine code, so that memory must stay executable. */
export function systemdUnit({ node, entry, config, secretsDir, secrets }: UnitPlaces): string {
  for (const path of [node, entry, config, secretsDir]) refuseUnwritable(path);
  const inHome = [node, entry, config].some((path) => /^\/(home|root)\//.test(path));
  const credentials = secrets.map((name) => `LoadCredential=${name}:${secretsDir}/${name}`);
  return `# Made by \`openpool init\`. sudo cp openpool.service /etc/systemd/system/ && sudo systemctl enable --now openpool
[Unit]
Description=openpool, the manager of a Livepeer open pool
Wants=network-online.target
After=network-online.target

[Service]
ExecStart=${node} ${entry} --config ${config}
Restart=on-failure
RestartSec=5
KillMode=mixed
TimeoutStopSec=40
# A user of its own that exists while it runs; what it keeps is in /var/lib/openpool.
DynamicUser=yes
StateDirectory=openpool
StateDirectoryMode=0700
Environment=NODE_ENV=production MALLOC_ARENA_MAX=2
# systemd reads the secrets as root and shows them to this service alone.
${credentials.join('\n')}
Environment=${SECRETS_VARIABLE}=%d

# A core dump holds the wallet's key.
LimitCORE=0
UMask=0077
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
PrivateTmp=yes
PrivateDevices=yes
PrivateUsers=yes
ProtectSystem=strict
# ${inHome ? 'The program or its file is in somebody’s home: seen, and read where that home lets other users in (mode 0700 does not)' : 'Nobody’s home is seen'}.
ProtectHome=${inHome ? 'read-only' : 'yes'}
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
ProtectProc=invisible
RemoveIPC=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
`;
}

/** A unit splits at blanks, and has a meaning of its own for %, $, quotes and backslashes. */
function refuseUnwritable(path: string): void {
  if (/^[\p{L}\p{M}\p{N}/._@+,=~-]+$/u.test(path)) return;
  throw misuse(
    `--service systemd: ${JSON.stringify(path)} cannot stand in a unit: take a directory of letters, digits and / . _ - alone`,
  );
}

/** The package's compose file for an image that is built already, with the pool's file beside it. */
export function composeFile(ofPackage: string): string {
  return ofPackage
    .replace('    build: .\n', '')
    .replaceAll('./pools/compose.yaml', './openpool.yaml');
}
