import { Connection } from '@temporalio/client';
import type { Config } from '../../config/config.js';
import { describeFailure } from '../temporal-connection.js';
import type { Found } from './check-surroundings.js';

/** How long Temporal may take, in ms: a person waits for the result, so a slower server counts as unreachable. */
const PATIENCE_MS = 3_000;

/**
 * Asks Temporal once for the namespace. When the server or the namespace is missing, that is only a warning, because a
 * start waits for both.
 */
export async function checkTemporal({ temporal }: Config, found: Found): Promise<void> {
  try {
    const connection = await Connection.connect({
      ...temporal.connection,
      connectTimeout: PATIENCE_MS,
    });
    try {
      const { namespace } = temporal;
      await connection.withDeadline(Date.now() + PATIENCE_MS, () =>
        connection.workflowService.describeNamespace({ namespace }),
      );
    } finally {
      await connection.close();
    }
  } catch (error) {
    const words = `TEMPORAL_UNREACHABLE: ${describeFailure(temporal, error)}`;
    found.warnings.push(`${words}; a start waits for it`);
  }
}
