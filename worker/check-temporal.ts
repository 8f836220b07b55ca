import { Connection } from '@temporalio/client';
import type { Config } from '../config.js';
import type { Found } from './check-surroundings.js';
import { describeFailure } from './temporal-connection.js';

/** A person waits: who takes longer is told as not reached. */
const PATIENCE_MS = 3_000;

/** Asks Temporal for the namespace once. A start waits for both, so what is missing is a warning. */
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
