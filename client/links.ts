import { payoutWorkflowId } from '../workflows/contract.js';
import type { RunningPool } from './running-pool.js';

export type Links = ReturnType<typeof createLinks>;

/** Makes links to Temporal's UI and to the block explorer; null when the configuration names none. */
export function createLinks({ config, poolId }: Pick<RunningPool, 'config' | 'poolId'>) {
  const { uiUrl, namespace } = config.temporal;
  const { explorerUrl } = config.chain;
  const explorer = (path: string): string | null =>
    explorerUrl === null ? null : `${withoutSlash(explorerUrl)}/${path}`;
  return {
    workflow: (workflowId: string): string | null =>
      uiUrl === null
        ? null
        : `${withoutSlash(uiUrl)}/namespaces/${encodeURIComponent(namespace)}/workflows/${encodeURIComponent(workflowId)}`,
    /** Returns the workflow id of a payout's saga. */
    saga: (payoutId: string): string => payoutWorkflowId(poolId, payoutId),
    transaction: (hash: string | null) => (hash === null ? null : explorer(`tx/${hash}`)),
    address: (address: string) => explorer(`address/${address}`),
  };
}

const withoutSlash = (url: string): string => url.replace(/\/+$/, '');
