/** Loaded before anything else: this process believes that it is so many milliseconds later. */
const shiftMs = Number(process.env.TEST_CLOCK_SHIFT_MS ?? '0');
const RealDate = Date;
const shiftedNow = () => RealDate.now() + shiftMs;

globalThis.Date = new Proxy(RealDate, {
  apply: () => new RealDate(shiftedNow()).toString(),
  construct: (target, args, newTarget) =>
    Reflect.construct(target, args.length === 0 ? [shiftedNow()] : args, newTarget),
  get: (target, key) => (key === 'now' ? shiftedNow : Reflect.get(target, key)),
});
