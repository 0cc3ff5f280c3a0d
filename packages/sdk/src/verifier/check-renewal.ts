import { vtxoScriptHex } from "../ark-script.js";
import { checkBalance, type OutputSummary, readSpendable, sumSats } from "./check-outputs.js";
import { readFeeSats } from "./read-payment.js";
import { must } from "./refuse.js";
import type { LinkedTx, OwnVtxo, VerifyOptions } from "./verifier-types.js";

/**
 * Check 5 of a renewal: my VTXOs go whole to the pinned land script, and the gateway's co-input comes back as it was. On how many outputs
 * the gateway wants them is its own affair. What comes back for them is another transaction, which the gateway owes from then on.
 */
export function checkRenewal(tx: LinkedTx, mine: readonly OwnVtxo[], options: VerifyOptions): OutputSummary {
  const { intent, pins, myPubkey } = options;
  const { landScript } = pins;
  must(landScript !== undefined, "pins", "no land script is pinned, so nothing says whom a renewal pays");
  must(landScript !== vtxoScriptHex(myPubkey, pins), "recipient", "the recipient is this wallet itself");
  must(readFeeSats(intent.content.params) === 0n, "fee", "a renewal has no fee");
  const spendable = readSpendable(tx);
  checkBalance(tx, spendable);
  const toGateway = spendable.filter(({ script }) => script === landScript);
  must(toGateway.length > 0, "recipient", "the gateway's land script gets nothing");
  must(toGateway.length <= mine.length, "extra_output", "more outputs than VTXOs that are renewed");
  const mySats = mine.reduce((sum, { amountSats }) => sum + amountSats, 0n);
  must(sumSats(toGateway) === mySats, "amount", "not exactly the sats of my VTXOs go to the land script");
  const foreignSats = tx.inputs.reduce((sum, input) => sum + (input.own ? 0n : input.amountSats), 0n);
  const others = spendable.filter(({ script }) => script !== landScript);
  must(others.length <= (foreignSats > 0n ? 1 : 0), "extra_output", "an output nobody is entitled to");
  must(sumSats(others) === foreignSats, "fee", "the gateway's co-input does not come back as it was");
  const vouts = toGateway.map(({ vout }) => vout);
  return {
    recipientPubkey: null,
    amountSats: mySats,
    feeSats: 0n,
    asset: null,
    recipientVouts: vouts,
    recipientUnits: vouts.map(() => 0n),
    changeSats: 0n,
    changeVouts: [],
  };
}
