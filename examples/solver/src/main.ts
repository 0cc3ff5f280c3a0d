import { parseArgs } from "node:util";

import { secretKeySigner } from "@arkrelay/sdk/secret-key-signer";

import { readOrMakeKey } from "./key-file.js";
import { runSolver } from "./run-solver.js";
import { readSettings } from "./settings.js";
import { TOOLS } from "./tool-commands.js";
import { UsageError } from "./usage-error.js";

const HELP = `solver [command] [options]

An automated market maker on Ark: a pool of gBTC and one asset that takes the other side of its users' swaps.

  run                 trade until stopped (the command when there is none)
  address             the public key that the pool belongs to and that orders name

Single steps; JSON is an argument or, for -, standard input, and what they print is JSON:

  gen-intent TYPE PARAMS        a signed 31510; --solver KEY names its solver, --publish sends it
  accept-intent EVENT           opens a protocol_op over a user's 31510 and issues its challenge
  ceremony-start SESSION        starts a session's ceremony and waits for its end
  ceremony-status SESSION       where it stands
  verify INPUT                  what a challenge would do: {"challenge":…,"intent":…,"session_id":…}; signs nothing
  service-request ACTION [FIELDS]   a 31500 and its answer: sync_state, query_balances, …
  nostr-sign TEXT               BIP340 over the SHA-256 of a text
  nostr-sign-event DRAFT        {"kind":…,"content":…,"tags":…}
  nostr-verify-event EVENT      id and signature
  sign-ecdsa DIGEST             for comparison only: the gateway takes BIP340

Options:

  --stack FILE        take the four below from the stack.json of a running development stack
  --gateway URL       the gateway's REST API
  --gateway-pubkey K  the gateway's Nostr key
  --relays URL,URL    the relays that orders come over
  --arkd URL          arkd's REST API, where the pool's VTXOs are read
  --key FILE          the pool's secret key, made when there is none (./solver.key): whoever has it has the pool
  --state FILE        what was pinned, and every swap (./solver-state.json)
  --asset NAME        the asset that is traded for gBTC (gUSD)
  --fee-bps N         the pool's share of what comes in, in hundredths of a percent (30)
  --port N            GET /health, /pool, /quote?in_asset=&in_amount=, /swaps/<event id> (9000)
  --simulate          also POST /simulate/intent: what would become of a signed order; for development
  --solver KEY        with gen-intent: who may take the other side
  --publish           with gen-intent: to all relays
  --help              this text
`;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function main(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      stack: { type: "string" },
      gateway: { type: "string" },
      "gateway-pubkey": { type: "string" },
      relays: { type: "string" },
      arkd: { type: "string" },
      key: { type: "string", default: "solver.key" },
      state: { type: "string", default: "solver-state.json" },
      asset: { type: "string", default: "gUSD" },
      "fee-bps": { type: "string", default: "30" },
      port: { type: "string", default: "9000" },
      simulate: { type: "boolean", default: false },
      solver: { type: "string" },
      publish: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return say(HELP.trimEnd());
  const [command = "run", ...rest] = positionals;
  if (command === "run") return runSolver(readSettings(values), stopSignal(), say);
  if (command === "address") return say(await secretKeySigner(readOrMakeKey(values.key)).getPublicKey());
  const tool = Object.hasOwn(TOOLS, command) ? TOOLS[command] : undefined;
  if (tool === undefined) throw new UsageError(`there is no command ${command}`);
  const { solver, publish } = values;
  const settings = () => readSettings(values);
  printJson(await tool({ keyFile: values.key, settings, args: rest, solver, publish }));
}

/** Amounts of a verified challenge are bigint, which JSON has no other word for. */
function printJson(value: unknown): void {
  say(JSON.stringify(value, (_key, member: unknown) => (typeof member === "bigint" ? Number(member) : member), 2));
}

function stopSignal(): AbortSignal {
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => stop.abort());
  return stop.signal;
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  if (error instanceof UsageError) process.stderr.write(`\n${HELP}`);
  process.exitCode = error instanceof UsageError ? 64 : 1;
});
