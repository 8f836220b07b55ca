/** The commands that pause the sync of all sources and end the pause. They need only Postgres. */
import { syncPauseWords, syncResumeWords } from '../../client/views.js';
import { endSyncPause, pauseSync } from '../../core/events/store/sources/sync-pause.js';
import type { PoolCommand } from '../command.js';
import type { CliContext } from '../context.js';

export function addSyncCommands(program: PoolCommand): void {
  const sync = program.add('sync', 'the reading of all sources');
  sync
    .add('pause', 'begin no more passes, on no source, until it is resumed; nothing is lost')
    .withRehearsal()
    .run(pause);
  sync.add('resume', 'go on reading where it was paused').withRehearsal().run(resume);
}

async function pause({ decide, change, answerChange }: CliContext): Promise<void> {
  const { dryRun, ...decision } = decide();
  const changed = await change((reader) => pauseSync(reader, decision));
  answerChange(syncPauseWords(changed), { changed, dryRun });
}

async function resume({ decide, change, answerChange }: CliContext): Promise<void> {
  const { dryRun, ...decision } = decide();
  const changed = await change((reader) => endSyncPause(reader, decision));
  answerChange(syncResumeWords(changed), { changed, dryRun });
}
