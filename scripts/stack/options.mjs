import { parseArgs } from "node:util";

import { StopWithSentence } from "./stop-with-sentence.mjs";

const START_HELP = `npm start -- [options]

Starts the whole development stack and stays in the foreground; Ctrl-C stops it.

  --port N          port of the REST API (default 8000, or the next free one)
  --no-demo         do not settle the demo transfers at the end
  --reset           empty database, Redis and devnet first
  --json            print the stack as one line of JSON instead of the table
  --auth MODE       open (default) or nip98: who may call solver routes
  --state-dir DIR   where everything is kept (default .local)
  --help            this text

DATABASE_URL and REDIS_URL, when set, are used instead of private instances.`;

const AUTH_MODES = ["open", "nip98", "registered"];

/** @returns the options of `npm start`, or {help} */
export function parseStartOptions(argv) {
  const values = parse(argv, {
    port: { type: "string" },
    "no-demo": { type: "boolean", default: false },
    reset: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    auth: { type: "string", default: "open" },
    "state-dir": { type: "string", default: ".local" },
    help: { type: "boolean", default: false },
  });
  if (values.help) return { help: START_HELP };
  if (!AUTH_MODES.includes(values.auth))
    throw new StopWithSentence(`--auth must be one of ${AUTH_MODES.join(", ")}.`, 64);
  return {
    port: values.port === undefined ? 8000 : parsePort(values.port),
    wantsDemo: !values["no-demo"],
    wantsReset: values.reset,
    asJson: values.json,
    auth: values.auth,
    stateDir: values["state-dir"],
  };
}

/** @returns {{stateDir: string}} for stop, status and reset */
export function parseStateDir(argv) {
  return { stateDir: parse(argv, { "state-dir": { type: "string", default: ".local" } })["state-dir"] };
}

function parse(argv, options) {
  try {
    return parseArgs({ args: argv, options, strict: true }).values;
  } catch (error) {
    throw new StopWithSentence(`${error.message}\n\n${START_HELP}`, 64);
  }
}

function parsePort(text) {
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new StopWithSentence(`--port must be a number from 1 to 65535, not "${text}".`, 64);
}
