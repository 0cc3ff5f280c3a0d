import { fundInventory } from "./stack/fund-inventory.mjs";
import { runScript } from "./stack/run-script.mjs";
import { StopWithSentence } from "./stack/stop-with-sentence.mjs";

/** For docker-compose.yml: what `npm start` does between devnet and the four processes. */
await runScript(
  { help: "Funds the gateway's wallet from the faucet. Reads CONTROL_URL and GATEWAY_WALLET_SEED." },
  async () => {
    const { CONTROL_URL, GATEWAY_WALLET_SEED } = process.env;
    if (!CONTROL_URL || !GATEWAY_WALLET_SEED)
      throw new StopWithSentence("CONTROL_URL and GATEWAY_WALLET_SEED must be set.", 78);
    await fundInventory({ controlUrl: CONTROL_URL, walletSeed: GATEWAY_WALLET_SEED, print: console.log });
  },
);
