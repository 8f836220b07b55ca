/**
 * The code of the thread that a policy's module runs in. Clock, randomness, network, files and processes throw there, so that a
 * policy which needs them fails at once, and not only when somebody counts again. This keeps a policy honest; it is no
 * prison for a hostile one.
 *
 * Protocol, from the pool: `{ kind: 'open', url, options }`, then `{ kind: 'ask', about, questions }`, each answered by one
 * message. `progress[0]` counts the questions that were begun, which shows where a policy hangs.
 */
export const THREAD_CODE = `
'use strict';
const { parentPort, workerData } = require('node:worker_threads');
const modules = require('node:module');
const { progress } = workerData;

const refuse = (what) => function () { throw new Error('a policy has no ' + what); };

/** The loader reads the module's files with the same functions: it may, and nobody else. */
const isLoader = () => /^\\s+at .*\\(?node:/.test(new Error().stack.split('\\n')[3] || '');

function seal(name, what) {
  const target = require(name);
  for (const key of Object.keys(target)) {
    const original = target[key];
    if (typeof original !== 'function') continue;
    const sealed = function (...args) {
      if (isLoader()) return new.target ? Reflect.construct(original, args) : Reflect.apply(original, this, args);
      throw new Error(name + '.' + key + ': a policy has no ' + what);
    };
    try { target[key] = sealed; } catch {}
  }
}

const Clock = Date;
const now = refuse('clock: use the time that it is asked for');
function SealedDate(...args) {
  if (!new.target || args.length === 0) return now();
  return Reflect.construct(Clock, args, new.target);
}
SealedDate.prototype = Clock.prototype;
Object.defineProperty(Clock.prototype, 'constructor', { value: SealedDate });
SealedDate.UTC = Clock.UTC;
SealedDate.parse = Clock.parse;
SealedDate.now = now;
globalThis.Date = SealedDate;
const local = refuse('time zone: use the functions with UTC in their names');
for (const name of Object.getOwnPropertyNames(Clock.prototype)) {
  const isLocal = /^(get|set)(Date|Day|FullYear|Hours|Minutes|Month|Seconds|Year|TimezoneOffset)$|^to(Locale|String$|DateString|TimeString)/.test(name);
  if (isLocal) Clock.prototype[name] = local;
}
Math.random = refuse('randomness');
const put = (name, value) => Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
put('performance', { now, timeOrigin: 0, mark: now, measure: now });
put('crypto', new Proxy({}, { get: refuse('randomness') }));
for (const name of ['setTimeout', 'setInterval', 'setImmediate']) put(name, refuse('timers'));
for (const name of ['fetch', 'WebSocket', 'EventSource', 'XMLHttpRequest', 'BroadcastChannel']) put(name, refuse('network'));
for (const name of ['fs', 'fs/promises']) seal(name, 'files');
for (const name of ['net', 'tls', 'http', 'https', 'http2', 'dgram', 'dns', 'dns/promises']) seal(name, 'network');
for (const name of ['child_process', 'cluster', 'worker_threads', 'inspector']) seal(name, 'processes');
for (const name of ['os', 'v8', 'vm', 'perf_hooks']) seal(name, 'machine');
seal('crypto', 'randomness');
seal('timers', 'timers');
seal('timers/promises', 'timers');
for (const name of ['hrtime', 'uptime', 'cpuUsage', 'memoryUsage', 'cwd', 'exit', 'kill', 'abort', 'reallyExit', 'dlopen']) {
  try { process[name] = refuse('process'); } catch {}
}
process.hrtime.bigint = refuse('clock');
modules.syncBuiltinESMExports();

const say = (error) => {
  try { return String(error instanceof Error ? error.message || error.name : error).slice(0, 2000); }
  catch { return 'something that is no text'; }
};

function freeze(value) {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const key of Object.keys(value)) freeze(value[key]);
  return Object.freeze(value);
}

const MOST_FIELDS = 20;
const LONGEST_TEXT = 2000;
const LARGEST = 2n ** 256n;
/** Copies what a policy returned. The pool's process gets nothing that is large: it would stand still while it reads it. */
function answerOf(value) {
  if (typeof value !== 'object' || value === null) return fieldOf('its answer', value);
  const kind = Object.getPrototypeOf(value);
  if (kind !== Object.prototype && kind !== null) throw new Error('its answer is no plain object');
  const names = Object.keys(value);
  if (names.length > MOST_FIELDS) throw new Error('its answer has more than ' + MOST_FIELDS + ' fields');
  const copy = Object.create(null);
  for (const name of names) copy[name] = fieldOf(name, value[name]);
  return { ...copy };
}

function fieldOf(name, value) {
  const isLarge = typeof value === 'string' ? value.length > LONGEST_TEXT
    : typeof value === 'bigint' && (value > LARGEST || value < -LARGEST);
  if (isLarge || name.length > LONGEST_TEXT) throw new Error(name.slice(0, 40) + ' is too large');
  return typeof value === 'object' && value !== null ? {} : value;
}

let policy;
let options;

async function open({ url, options: given }) {
  const loaded = await import(url);
  const found = [loaded.policy, loaded.default, loaded.default && loaded.default.policy].find(
    (one) => one !== null && typeof one === 'object' && typeof one.name === 'string');
  if (found === undefined) return { wrong: 'it exports no policy: export default definePolicy({ … })' };
  const abouts = ['terms', 'due', 'admit', 'rank', 'show'];
  for (const about of abouts) {
    if (found[about] !== undefined && typeof found[about] !== 'function') return { wrong: about + ' is no function' };
  }
  options = given;
  if (found.options === undefined) {
    const keys = Object.keys(given);
    if (keys.length > 0) return { wrong: 'it has no schema for options, so it takes none; remove ' + keys.join(', ') };
  } else {
    const verdict = await found.options['~standard'].validate(given);
    if (verdict.issues) {
      const issues = verdict.issues.map(({ message, path = [] }) => ({
        message: String(message),
        path: path.map((part) => String(typeof part === 'object' ? part.key : part)),
      }));
      return { issues };
    }
    options = verdict.value;
  }
  freeze(options);
  policy = found;
  return { name: String(found.name), version: String(found.version), answers: abouts.filter((about) => found[about] !== undefined) };
}

function ask({ about, questions }) {
  return questions.map((question) => {
    Atomics.add(progress, 0, 1);
    try {
      const given = question.map(freeze);
      return { value: structuredClone(answerOf(policy[about](...given, options))) };
    } catch (error) {
      return { wrong: 'it failed: ' + say(error) };
    }
  });
}

parentPort.on('message', async (message) => {
  try {
    parentPort.postMessage(message.kind === 'open' ? await open(message) : ask(message));
  } catch (error) {
    parentPort.postMessage({ wrong: 'it failed: ' + say(error) });
  }
});
`;
