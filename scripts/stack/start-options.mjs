import { STATE_DIR } from "./state-dir-option.mjs";
import { StopWithSentence } from "./stop-with-sentence.mjs";

const AUTH_MODES = ["open", "nip98", "registered"];
const REPLICAS_MAX = 4;

/** Usage of `npm start`. */
export const START_USAGE = {
  help: `npm start -- [options]

Starts the whole development stack and stays in the foreground; Ctrl-C stops it.

  --port N          port of the REST API (default 8000, or the next free one)
  --no-demo         do not settle the demo transfers at the end
  --reset           empty database, Redis and devnet first
  --json            print the stack as one line of JSON instead of the table
  --workers N       worker processes, 1 to ${REPLICAS_MAX} (default 1)
  --services N      services-runner processes, 1 to ${REPLICAS_MAX} (default 1): one leads, the others stand by
  --relay URL       one more Nostr relay besides the devnet's; may be repeated
  --auth MODE       ${AUTH_MODES.join(", ")}: who may call solver routes (default ${AUTH_MODES[0]})
${STATE_DIR.help}
  --help            this text

DATABASE_URL and REDIS_URL, when set, are used instead of private instances.`,
  options: {
    port: { type: "string", default: "8000" },
    "no-demo": { type: "boolean", default: false },
    reset: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    workers: { type: "string", default: "1" },
    services: { type: "string", default: "1" },
    relay: { type: "string", multiple: true, default: [] },
    auth: { type: "string", default: AUTH_MODES[0] },
    ...STATE_DIR.options,
  },
};

/** The values of START_USAGE's options as the start uses them. */
export function toStartOptions(values) {
  if (!AUTH_MODES.includes(values.auth))
    throw new StopWithSentence(`--auth must be one of ${AUTH_MODES.join(", ")}, not "${values.auth}".`, 64);
  return {
    port: toPort(values.port),
    wantsDemo: !values["no-demo"],
    wantsReset: values.reset,
    asJson: values.json,
    auth: values.auth,
    relays: values.relay.map(toRelayUrl),
    replicas: {
      worker: toReplicas("--workers", values.workers),
      "services-runner": toReplicas("--services", values.services),
    },
    stateDir: values["state-dir"],
  };
}

function toReplicas(option, text) {
  const count = Number(text);
  if (Number.isInteger(count) && count > 0 && count <= REPLICAS_MAX) return count;
  throw new StopWithSentence(`${option} must be a number from 1 to ${REPLICAS_MAX}, not "${text}".`, 64);
}

function toPort(text) {
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new StopWithSentence(`--port must be a number from 1 to 65535, not "${text}".`, 64);
}

function toRelayUrl(text) {
  if (/^wss?:\/\/[^\s,]+$/.test(text)) return text;
  throw new StopWithSentence(`--relay must be a ws:// or wss:// URL, not "${text}".`, 64);
}
