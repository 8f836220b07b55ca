/** How the pool's guard judges a payee's workers: the state of each, why, and what lifts it. */
import type { WorkerStanding } from '../../../core/guard/standings.js';
import { publicModel, publicName, publicRegion } from '../../outside.js';
import { At, type Html, Pill, Section } from '../kit/parts.js';
import type { PayeeStatus } from './payee-status.js';

const PILLS = {
  good: ['good', 'good'],
  warned: ['warned', 'warn'],
  probation: ['on probation', 'warn'],
  excluded: ['excluded from new jobs', 'bad'],
} as const;

/** Shows nothing while the guard is off, or before it has judged anybody. */
export function OwnStates({
  status,
}: {
  readonly status: Pick<PayeeStatus, 'config' | 'standings'>;
}): Html | null {
  const { standings, config } = status;
  if (config.guard.mode === 'off' || standings.length === 0) return null;
  return (
    <Section
      title="How your workers do"
      note="judged by their jobs; what you earned stays yours whatever it says"
    >
      <div class="body">
        {standings.map((one) => (
          <WorkerState one={one} />
        ))}
      </div>
    </Section>
  );
}

function WorkerState({ one }: { readonly one: WorkerStanding }): Html {
  const { nodeType, region, pipeline, modelId, standing, decidedBy } = one;
  const [words, tone] = PILLS[standing.state];
  // What a person wrote is not for everybody.
  const isOwn = decidedBy === 'guard';
  const why = isOwn ? standing.reason : "the pool's operator decided so";
  const names = [
    nodeType,
    publicRegion(region),
    pipeline === '' ? null : (publicName(pipeline) ?? 'another pipeline'),
    modelId === '' ? null : (publicModel(modelId) ?? 'another model'),
  ];
  return (
    <p>
      <Pill tone={tone}>{words}</Pill> <b>{names.filter((name) => name !== null).join(', ')}</b>{' '}
      since <At at={new Date(standing.sinceMs)} />: {why}.
      {isOwn && standing.lifts !== null && <> What lifts it: {standing.lifts}.</>}
    </p>
  );
}
