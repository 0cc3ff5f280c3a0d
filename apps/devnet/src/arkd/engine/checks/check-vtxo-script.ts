import { ArkdError } from "../arkd-error";
import type { Closure, DecodedVtxoScript } from "../decode-vtxo-script";
import type { Vtxo } from "../vtxo";
import type { CheckContext } from "./check-context";

/**
 * arkd's rules for a VTXO script: only its five closures, the signer in every forfeit closure, exits not earlier than the
 * server's delay, and block-based locks only for a server whose trees expire in blocks (devnet's expire in seconds).
 */
export function checkVtxoScript(context: CheckContext, script: DecodedVtxoScript, vtxo: Vtxo): void {
  for (const { closure } of script.leaves) {
    const why = closure === undefined ? "unknown closure" : problemOf(context, closure);
    if (why !== undefined) throw new ArkdError("INVALID_VTXO_SCRIPT", why, { vtxo_outpoint: vtxo.vtxoId });
  }
}

/** Absolute locks below this are block heights (BIP65). */
export const FIRST_TIME_LOCK = 500_000_000;

function problemOf(context: CheckContext, closure: Closure): string | undefined {
  if (closure.kind !== "exit") {
    if (!closure.pubkeys.includes(context.signerPubkey)) return "invalid forfeit closure, signer pubkey not found";
    const isBlockLock = closure.lockTime !== undefined && closure.lockTime < FIRST_TIME_LOCK;
    return isBlockLock ? "invalid forfeit closure, CLTV block type not allowed" : undefined;
  }
  if (closure.delay?.unit !== "seconds") return "invalid exit closure, CSV block type not allowed";
  const delayMin = context.state.settings.unilateralExitDelay;
  return closure.delay.value < delayMin ? `exit delay is too short, minimum ${delayMin}` : undefined;
}
