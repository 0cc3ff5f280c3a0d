import { getPendingTxProof } from "../ark/pending-proof";
import type { GatewayKeyName } from "../ark/wallet-keys";
import { assert } from "../errors";
import type { PendingArkTx } from "../ports/ark-daemon";
import type { CeremonyDeps } from "../session/session-deps";
import { toArkInput } from "./transfer-plan";

/** How long arkd takes our ownership proof for. */
const PROOF_LIFE_SECONDS = 600;

/** Accepted, unfinalised transactions that spend these VTXOs of ours (all of one kind), proven with the key of that kind. */
export async function readPending(
  deps: Pick<CeremonyDeps, "arkd" | "clock" | "random" | "vtxos" | "wallet">,
  vtxoIds: readonly string[],
  kind: GatewayKeyName = "fee",
): Promise<readonly PendingArkTx[]> {
  const vtxos = await deps.vtxos.listByIds(undefined, vtxoIds);
  const scripts = await deps.vtxos.listScriptsOfKind(kind);
  const inputs = vtxos.map((vtxo) => {
    const script = scripts.find((each) => each.id === vtxo.scriptId);
    assert(script !== undefined, `no script row for ${vtxo.vtxoId}`);
    return toArkInput({ vtxo, script });
  });
  const expireAt = Math.floor(deps.clock.now().getTime() / 1000) + PROOF_LIFE_SECONDS;
  return deps.arkd.getPendingTxs(getPendingTxProof(inputs, expireAt, deps.wallet.keys[kind].secretKey, deps.random));
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

/** Whether arkd lists one of these inputs as spent by an accepted transaction that is not final. */
export async function arePending(
  deps: Pick<CeremonyDeps, "arkd" | "vtxos">,
  vtxoIds: readonly string[],
): Promise<boolean> {
  const rows = await deps.vtxos.listByIds(undefined, vtxoIds);
  const scripts = await deps.vtxos.listScriptsById([...new Set(rows.map((row) => row.scriptId))]);
  const pending = await deps.arkd.listVtxosByScripts(
    scripts.map((each) => each.script),
    { pendingOnly: true },
  );
  return pending.some((vtxo) => vtxoIds.includes(vtxo.vtxoId));
}
