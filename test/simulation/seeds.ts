/** Runs seeds, each on a database of its own that is dropped afterwards. */
import { copyTemplate, dropDatabase, migrateTemplate, trustMemory } from '../harness/template.js';
import { startNaiveManager } from './naive-manager.js';
import { startProduct } from './product-manager.js';
import { planSimulation } from './simulation-plan.js';
import type { SimulationReport } from './simulation-report.js';
import { runSimulation } from './simulation-run.js';

export interface Seeds {
  run(seed: number, control?: 'naive'): Promise<SimulationReport>;
}

/** Makes the template from which the databases are copied, on the caller's server. */
export async function openSeeds(adminUrl: string): Promise<Seeds> {
  await migrateTemplate(adminUrl);
  return { run: (seed, control) => runSeed(adminUrl, seed, control) };
}

/** Runs seeds on a server that has the template. */
export async function runSeed(
  adminUrl: string,
  seed: number,
  control?: 'naive',
): Promise<SimulationReport> {
  const plan = planSimulation(seed);
  if (control === 'naive') {
    return runSimulation({ plan, startManager: async (scene) => startNaiveManager(scene) });
  }
  const databaseUrl = await copyTemplate(adminUrl);
  try {
    await trustMemory(adminUrl, databaseUrl);
    return await runSimulation({ plan, startManager: (scene) => startProduct(scene, databaseUrl) });
  } finally {
    await dropDatabase(adminUrl, databaseUrl);
  }
}
