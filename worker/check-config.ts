import { stringify } from 'yaml';
import { type ConfigDescription, describeConfig } from '../config/describe.js';
import { loadConfig } from '../config.js';
import { createEventSource } from '../plugins/event-source/registry.js';
import { openConfiguredSigner } from './wallet-start.js';

export interface CheckedConfig {
  readonly description: ConfigDescription;
  /** The same as YAML. */
  readonly text: string;
}

/** Everything that a start would refuse and that can be seen without a network. */
export async function checkConfig(path: string): Promise<CheckedConfig> {
  const config = await loadConfig(path, { needsWallet: true });
  for (const source of config.sources) await createEventSource(source);
  const signer = await openConfiguredSigner(config);
  const description = { ...describeConfig(config), walletAddress: signer.address };
  return { description, text: stringify(description).trimEnd() };
}
