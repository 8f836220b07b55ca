import { payoutWorkflowId } from '../workflows/contract.js';
import type { RunningPool } from './running-pool.js';

/** Makes links to Temporal's UI and to the block explorer; null when the configuration names none. */
export interface Links {
  workflow(workflowId: string): string | null;
  /** Returns the workflow id of a payout's saga. */
  saga(payoutId: string): string;
  transaction(hash: string | null): string | null;
  address(address: string): string | null;
}

export function createLinks({ config, poolId }: Pick<RunningPool, 'config' | 'poolId'>): Links {
  const { uiUrl, namespace } = config.temporal;
  const { explorerUrl } = config.chain;
  const explorer = (path: string): string | null =>
    explorerUrl === null ? null : `${withoutSlash(explorerUrl)}/${path}`;
  return {
    workflow: (workflowId) =>
      uiUrl === null
        ? null
        : `${withoutSlash(uiUrl)}/namespaces/${encodeURIComponent(namespace)}/workflows/${encodeURIComponent(workflowId)}`,
    saga: (payoutId) => payoutWorkflowId(poolId, payoutId),
    transaction: (hash) => (hash === null ? null : explorer(`tx/${hash}`)),
    address: (address) => explorer(`address/${address}`),
  };
}

const withoutSlash = (url: string): string => url.replace(/\/+$/, '');
