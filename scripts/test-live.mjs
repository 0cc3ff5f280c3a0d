import path from "node:path";

import { bootstrap, toolEnvironment } from "./stack/bootstrap.mjs";
import { ROOT } from "./stack/paths.mjs";
import { createProgress } from "./stack/progress.mjs";
import { runAttached } from "./stack/run-attached.mjs";
import { runScript } from "./stack/run-script.mjs";
import { StopWithSentence } from "./stack/stop-with-sentence.mjs";

const USAGE = {
  help: `npm run test:live

Runs the conformance suite against real daemons, with the gateway's own clients. What is not named is skipped, and said so.

  CONTRACT_ARKD            host:port; its calls need no macaroon
  CONTRACT_LND             host:port; its wallet has 100000 sats on the chain
  CONTRACT_LND_OUTSIDE     host:port of a second lnd, with 100000 sats of room to and from the first: payments run only with it
  CONTRACT_TAPD            host:port of a tapd on CONTRACT_LND
  CONTRACT_…_TLS_CERT      of each of them: its certificate, a file (arkd: optional)
  CONTRACT_…_MACAROON      of each of them: its admin macaroon, a file (arkd: none)
  CONTRACT_NETWORK         mainnet, testnet, signet or regtest (default)

It adds invoices, cancels them, and with CONTRACT_LND_OUTSIDE pays some hundred sats to and fro. It opens no channel, spends no coin
on the chain and mints nothing; the suites that do run against the simulators only, in \`npm test\`.`,
};

/** Every suite with the daemons it needs. The rest of the folder mines blocks. */
const SUITES = [
  { name: "arkd", needs: ["ARKD"], file: "arkd.conformance" },
  { name: "lnd", needs: ["LND"], file: "lnd.conformance" },
  { name: "payments of lnd", needs: ["LND", "LND_OUTSIDE"], file: "lnd-payments.conformance" },
  { name: "tapd", needs: ["TAPD", "LND"], file: "tapd.conformance" },
];

/** A payment may be held for a while at a real node. */
const TEST_TIMEOUT_MS = 120_000;

await runScript(USAGE, async () => {
  const chosen = SUITES.filter(isPossible);
  if (chosen.length === 0) {
    console.log("no daemon is named, so nothing was tested; `npm run test:live -- --help` tells how");
    return 0;
  }
  await bootstrap(createProgress().print);
  const files = chosen.map(({ file }) => path.join("apps/devnet/src/conformance", `${file}.int.test.ts`));
  return await runAttached(
    process.execPath,
    [
      path.join(ROOT, "node_modules/jest/bin/jest.js"),
      `--testTimeout=${TEST_TIMEOUT_MS}`,
      "--maxWorkers=1",
      "--",
      ...files,
    ],
    { env: toolEnvironment({ NODE_ENV: "test" }), stdout: "inherit" },
  );
});

function isPossible({ name, needs }) {
  const missing = needs.flatMap(missingOf);
  if (missing.length > 0) console.log(`${name}: skipped, not set: ${missing.join(", ")}`);
  return missing.length === 0;
}

/** Half a daemon is a mistake, not a reason to skip. */
function missingOf(name) {
  const address = `CONTRACT_${name}`;
  if (process.env[address] === undefined) return [address];
  const files = name === "ARKD" ? [] : [`${address}_TLS_CERT`, `${address}_MACAROON`];
  const unset = files.filter((file) => process.env[file] === undefined);
  if (unset.length > 0) throw new StopWithSentence(`${address} is set, so ${unset.join(" and ")} must be.`, 64);
  return [];
}
