import { fundInventory } from "./stack/fund-inventory.mjs";
import { runScript, StopWithSentence } from "./stack/stop-with-sentence.mjs";

/** For docker-compose.yml: what `npm start` does between devnet and the four processes. */
await runScript(async () => {
  const { CONTROL_URL, GATEWAY_WALLET_SEED } = process.env;
  if (!CONTROL_URL || !GATEWAY_WALLET_SEED)
    throw new StopWithSentence("CONTROL_URL and GATEWAY_WALLET_SEED must be set.", 78);
  await fundInventory({ controlUrl: CONTROL_URL, walletSeed: GATEWAY_WALLET_SEED, print: console.log });
});
