/** Everything that the deeds of a storm use. */
import type { Random } from '../../dev/kit/random.js';
import type { ChaosStack } from './chaos-stack.js';
import type { Side } from './earnings.js';
import type { FaultTally } from './fault-tally.js';
import type { ForeignKeyUser } from './foreign-key-user.js';
import type { Operator } from './operator.js';
import type { PayeeCast } from './payees.js';
import type { SecondPool } from './second-pool.js';
import type { Stranger } from './stranger.js';

export interface StormScene {
  readonly stack: ChaosStack;
  readonly cast: PayeeCast;
  readonly tally: FaultTally;
  readonly foreign: ForeignKeyUser;
  readonly operator: Operator;
  readonly stranger: Stranger;
  readonly poolId: string;
  /** A node of another chain on which the same keys were used. */
  readonly otherChainUrl: string;
  readonly second: SecondPool | undefined;
  /** A control has no operator. */
  readonly isControl: boolean;
  readonly random: Random;
  readonly side: Side;
  readonly say: (line: string) => void;
}
