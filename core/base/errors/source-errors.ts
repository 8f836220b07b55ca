/** Errors of the places that pool events are read from. */
import type { CatalogueEntry } from './catalogue-entry.js';

export const SOURCE_ERRORS = {
  SOURCE_UNKNOWN: {
    final: true,
    http: 404,
    help: 'Name a source of the configuration; its worker registers it when it starts.',
  },
  SOURCE_READ_TWICE: {
    final: true,
    http: 409,
    help: 'Two sources give the same events, which would count twice: keep the first id and take the other out of the configuration. A dump of an orchestrator says `of: <its id>`, another address of it is `openpool source move`; then, or when the source reads something else by now, `openpool source resume <id> --reason …`, which is safe: it is compared again.',
  },
  SOURCE_MOVED: {
    final: true,
    http: 409,
    help: 'The same orchestrator at another address: `openpool source move <id> --to <place> --reason …` with the place that is named, then restart the workers. Another orchestrator: give it a new id and a `from` that begins where the old one ended.',
  },
  SOURCE_MOVE_UNPROVEN: {
    final: true,
    http: 409,
    help: 'Nothing of it was counted. See whether the address is right. If it is the same orchestrator and its history is lost (a wiped datadir): `openpool source move <id> --to <place> --accept --reason …`.',
  },
  SOURCE_NOT_STOPPED: {
    final: true,
    http: 409,
    help: 'It is read as ever: `openpool source list` shows which are stopped, and for what.',
  },
  SOURCE_OF_UNFITTING: {
    final: true,
    http: 500,
    help: 'A dump belongs to one source, whose id, region and nodeType it repeats; `openpool source list` shows the ids, also of sources that were removed.',
  },
  SYNC_FAILED: {
    final: false,
    http: 500,
    help: 'The pass goes on by itself where it was; the message and the log of the worker say what stopped it.',
  },
  EVENT_SOURCE_KIND_UNKNOWN: {
    final: true,
    http: 500,
    help: 'Correct `kind` of the source; core/events/sources/README.md lists the kinds.',
  },
  EVENT_SOURCE_OPTIONS: {
    final: true,
    http: 500,
    help: 'Correct the options of the source that are named; pools/openpool.yaml has examples.',
  },
  EVENT_SOURCE_MODULE_NOT_FOUND: {
    final: true,
    http: 500,
    help: 'Correct `module` of the source (a path from the configuration’s directory begins with ./ or ../), or install the package beside the configuration.',
  },
  EVENT_SOURCE_MODULE_INVALID: {
    final: true,
    http: 500,
    help: 'Tell the author of the module: it must load, export createEventSource and make a source; core/events/sources/README.md says how.',
  },
  EVENT_SOURCE_MODULE_FAILED: {
    final: false,
    http: 502,
    help: 'The module failed with an error of its own: see what it says, and ask its author. The next pass goes on.',
  },
  EVENT_SOURCE_FILE_UNREADABLE: {
    final: false,
    http: 502,
    help: 'Correct `path` in the options, let the user that runs openpool read the file, or copy it again if it is damaged.',
  },
  EVENT_SOURCE_UNREACHABLE: {
    final: false,
    http: 502,
    help: 'Check that the orchestrator or the storage runs and that its address and port are right.',
  },
  EVENT_SOURCE_TLS: {
    final: false,
    http: 502,
    help: 'The certificate cannot be verified: give `caFile` in the options, or for an orchestrator `insecure: true` if you must.',
  },
  EVENT_SOURCE_TIMEOUT: {
    final: false,
    http: 504,
    help: 'The orchestrator or the storage is too slow or hangs: look at it, or raise the time-out that is named.',
  },
  EVENT_SOURCE_UNAUTHORIZED: {
    final: false,
    http: 502,
    help: 'Correct `basicAuth` or `headers` in the options of the source; of a bucket `accessKey` and `secretKey`, what they may do (list the bucket, get its objects) and the clock of this machine.',
  },
  EVENT_SOURCE_BAD_REQUEST: {
    final: false,
    http: 502,
    help: 'The orchestrator or the storage did not understand the question: see its version and what stands in front of it; of a bucket `region` and `endpoint` too.',
  },
  EVENT_SOURCE_HTTP_STATUS: {
    final: false,
    http: 502,
    help: 'Look at the orchestrator or the storage and at the proxy in front of it.',
  },
  EVENT_SOURCE_BUCKET_MISSING: {
    final: false,
    http: 502,
    help: 'The storage has no such bucket: correct `bucket` and `endpoint` in the options, or make the bucket.',
  },
  EVENT_SOURCE_NOT_JSON: {
    final: false,
    http: 502,
    help: 'Something else answers there, such as a login page: check the endpoint and what stands in front of it.',
  },
  EVENT_SOURCE_TRUNCATED: {
    final: false,
    http: 502,
    help: 'The answer, or the file, ended early. What came is kept and the next pass goes on; if it stays, look at time-outs of the proxy, or copy the file again. Of a bucket also: a full page of the listing does not say whether that was all (no `IsTruncated`): update the storage or what stands before it.',
  },
  EVENT_SOURCE_TOO_LARGE: {
    final: false,
    http: 502,
    help: 'The answer is larger than `maxAnswer` in the options: raise it if the orchestrator is right.',
  },
} as const satisfies Record<string, CatalogueEntry>;
