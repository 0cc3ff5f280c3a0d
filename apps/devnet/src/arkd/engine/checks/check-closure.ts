import { ArkdError } from "../arkd-error";
import { type Closure, decodeClosure } from "../decode-vtxo-script";
import type { Vtxo } from "../vtxo";
import type { CheckContext } from "./check-context";

/** The leaf spent is a forfeit closure, and its absolute lock has passed by the chain's median time. */
export function checkClosure(
  context: CheckContext,
  leafScript: Uint8Array,
  vtxo: Vtxo,
  fail: (why: string) => never,
): Closure {
  const closure = decodeClosure(leafScript);
  if (closure === undefined || closure.kind === "exit") return fail("the spending leaf is not a forfeit closure");
  if (closure.lockTime !== undefined && closure.lockTime > context.medianTime) {
    throw new ArkdError("FORFEIT_CLOSURE_LOCKED", `forfeit closure is locked until ${closure.lockTime}`, {
      vtxo_outpoint: vtxo.vtxoId,
      locktime: String(closure.lockTime),
      current_locktime: String(context.medianTime),
      type: "time",
    });
  }
  return closure;
}
