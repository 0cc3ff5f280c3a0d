import { ArkPsbt } from "../ark/ark-psbt";
import { insertInto } from "../ark/insert-signatures";
import { signItems } from "../ark/sign-items";
import { itemsOf } from "../ark/signing-items";
import type { SigningItem } from "../ark/types";
import type { CeremonyDeps } from "../session/session-deps";

/**
 * Puts the gateway's signatures into transactions that spend its own VTXOs only: each input is signed by the key of the script it
 * spends. Only PSBTs that this gateway built may come here.
 */
export function signOwnInputs(
  deps: Pick<CeremonyDeps, "wallet" | "random">,
  role: SigningItem["role"],
  psbts: readonly string[],
): readonly string[] {
  const txs = psbts.map((psbt) => ArkPsbt.parse(psbt));
  for (const { pubkey, secretKey } of Object.values(deps.wallet.keys)) {
    const items = txs.flatMap((tx) => itemsOf(role, tx, pubkey));
    if (items.length > 0) insertInto(txs, pubkey, signItems(items, secretKey, deps.random));
  }
  return txs.map((tx) => tx.encode());
}
