import { getPendingTxProof } from "../ark/pending-proof";
import { assert } from "../errors";
import type { PendingArkTx } from "../ports/ark-daemon";
import type { CeremonyDeps } from "../session/session-deps";
import { toArkInput } from "./transfer-plan";

/** How long arkd takes our ownership proof for. */
const PROOF_LIFE_SECONDS = 600;

/** Accepted, unfinalised transactions that spend these co-inputs of ours, proven with the fee key. */
export async function readPending(
  deps: Pick<CeremonyDeps, "arkd" | "clock" | "random" | "vtxos" | "wallet">,
  vtxoIds: readonly string[],
): Promise<readonly PendingArkTx[]> {
  const vtxos = await deps.vtxos.listByIds(undefined, vtxoIds);
  const scripts = await deps.vtxos.listScriptsOfKind("fee");
  const inputs = vtxos.map((vtxo) => {
    const script = scripts.find((each) => each.id === vtxo.scriptId);
    assert(script !== undefined, `no script row for ${vtxo.vtxoId}`);
    return toArkInput({ vtxo, script });
  });
  const expireAt = Math.floor(deps.clock.now().getTime() / 1000) + PROOF_LIFE_SECONDS;
  return deps.arkd.getPendingTxs(getPendingTxProof(inputs, expireAt, deps.wallet.keys.fee.secretKey, deps.random));
}

/**
 * Asks arkd once what a lost SubmitTx reply would be recovered with, so that a gateway whose proofs arkd does not take is
 * noticed at start and not when money hangs on it. false = there is no co-input to prove with yet. Throws arkd's refusal.
 */
export async function proveRecovery(
  deps: Pick<CeremonyDeps, "arkd" | "clock" | "random" | "vtxos" | "wallet">,
): Promise<boolean> {
  const [vtxo] = await deps.vtxos.listLive(undefined, deps.wallet.keys.fee.pubkey, 1);
  if (vtxo === undefined) return false;
  await readPending(deps, [vtxo.vtxoId]);
  return true;
}
