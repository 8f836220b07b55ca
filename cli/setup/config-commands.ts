/** The commands about the configuration's file. They need no database. */
import { configJsonSchema } from '../../config/json-schema.js';
import type { PoolCommand } from '../command.js';
import { action, runConfigCheck, type Terminal } from '../context.js';

export function addConfigCommands(program: PoolCommand): void {
  const config = program.add('config', 'the configuration');
  config
    .add(
      'check',
      'what a start would refuse, as far as files, wallet and RPC endpoints tell; exit code 2 when it would',
    )
    .action(runConfigCheck);
  config
    .add('schema', 'the JSON Schema of the file, for editors and for programs that write one')
    .action(action(printSchema));
}

async function printSchema({ answer }: Terminal): Promise<number> {
  const schema = configJsonSchema();
  return answer(JSON.stringify(schema, null, 2), schema);
}
