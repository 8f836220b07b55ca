import { connect } from 'node:net';
import { freePort, onFreePort } from '../kit/ports.js';
import { type LocalProcess, startProcess } from '../kit/process.js';
import { until } from '../kit/until.js';
import { findTemporal } from '../setup/temporal-binary.mjs';

export interface LocalTemporal {
  /** host:port of the gRPC front end. */
  readonly address: string;
  /** Where the Web UI answers, or undefined when headless. */
  readonly uiUrl: string | undefined;
  readonly process: LocalProcess;
  stop(): Promise<void>;
}

export interface LocalTemporalOptions {
  readonly port?: number;
  /** Start the Web UI, on this port when it is free. */
  readonly uiPort?: number;
  readonly headless?: boolean;
  /** Keep workflows in this file over restarts. @default in memory */
  readonly databasePath?: string;
  /** `Name=Type`, registered at start. */
  readonly searchAttributes?: readonly string[];
  readonly extraArgs?: readonly string[];
}

/**
 * Without it every step of a workflow waits for the disk, and half as many payouts a second go through.
 * A power cut may cost the last steps; what was promised is in Postgres, and sagas start again from there.
 */
const WRITE_AHEAD = ['--sqlite-pragma', 'journal_mode=wal', '--sqlite-pragma', 'synchronous=1'];

/** Starts Temporal's dev server on loopback. */
export async function startTemporal(options: LocalTemporalOptions = {}): Promise<LocalTemporal> {
  const binary = await findTemporal();
  return onFreePort(options.port, (port) => serve(options, port, binary));
}

async function serve(
  options: LocalTemporalOptions,
  port: number,
  binary: string,
): Promise<LocalTemporal> {
  const args = ['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port)];
  args.push('--log-level', 'error');
  let uiUrl: string | undefined;
  if (options.headless === true) {
    args.push('--headless');
  } else {
    const uiPort = await freePort(options.uiPort);
    args.push('--ui-port', String(uiPort));
    uiUrl = `http://127.0.0.1:${uiPort}`;
  }
  if (options.databasePath !== undefined) {
    args.push('--db-filename', options.databasePath, ...WRITE_AHEAD);
  }
  for (const attribute of options.searchAttributes ?? []) {
    args.push('--search-attribute', attribute);
  }
  const process = startProcess({
    name: 'temporal',
    command: binary,
    args: [...args, ...(options.extraArgs ?? [])],
  });
  await until(`Temporal on port ${port}`, () => accepts(port), { process });
  return { address: `127.0.0.1:${port}`, uiUrl, process, stop: () => process.stop() };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
