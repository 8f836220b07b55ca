/** Finds the sum that a job belongs to, by a span of time, pipeline and model, without making a key for most jobs. */

interface Cell<Row> {
  readonly startMs: number;
  readonly endMs: number;
  readonly pipeline: string;
  readonly modelId: string;
  readonly row: Row;
}

/** So many sums are found by looking at each of them, which is quicker than making a key. */
const FEW = 8;

/** The sums of one remote worker, which has few spans, pipelines and models in a batch. */
export class SpanCells<Row> {
  private readonly few: Cell<Row>[] = [];
  /** Absent while there are few: a batch has thousands of workers, and hardly any needs it. */
  private others: Map<string, Row> | undefined;
  /** Events mostly come in the order of time, so the next one mostly belongs where the last one did. */
  private last: Cell<Row> | undefined;

  constructor(
    private readonly spanMs: number,
    private readonly make: (startMs: number, pipeline: string, modelId: string) => Row,
  ) {}

  /** Returns the sum for this time and these labels; it is made when there is none. */
  at(timeMs: number, pipeline: string, modelId: string): Row {
    const { last, few, spanMs } = this;
    if (last !== undefined && isOf(last, timeMs, pipeline, modelId)) return last.row;
    for (const cell of few) {
      if (!isOf(cell, timeMs, pipeline, modelId)) continue;
      this.last = cell;
      return cell.row;
    }
    const startMs = Math.floor(timeMs / spanMs) * spanMs;
    const row = this.otherRow(startMs, pipeline, modelId);
    this.last = { startMs, endMs: startMs + spanMs, pipeline, modelId, row };
    if (few.length < FEW && this.others === undefined) few.push(this.last);
    return row;
  }

  rows(): readonly Row[] {
    const few = this.few.map(({ row }) => row);
    return this.others === undefined ? few : [...few, ...this.others.values()];
  }

  private otherRow(startMs: number, pipeline: string, modelId: string): Row {
    if (this.few.length < FEW) return this.make(startMs, pipeline, modelId);
    // No label of an event contains a NUL, so no two keys are the same text.
    const key = `${startMs}\0${pipeline}\0${modelId}`;
    this.others ??= new Map();
    const known = this.others.get(key);
    if (known !== undefined) return known;
    const row = this.make(startMs, pipeline, modelId);
    this.others.set(key, row);
    return row;
  }
}

function isOf<Row>(cell: Cell<Row>, timeMs: number, pipeline: string, modelId: string): boolean {
  const isThen = timeMs >= cell.startMs && timeMs < cell.endMs;
  return isThen && cell.modelId === modelId && cell.pipeline === pipeline;
}
