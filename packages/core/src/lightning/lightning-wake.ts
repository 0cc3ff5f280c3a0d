import type { Wake } from "../ports/waker";
import type { LightningOperation } from "./lightning-operation";
import { lightningTaskOf } from "./lightning-task";

/** The wake of a lift or land as its row is now, to be sent after COMMIT. */
export function lightningWakeOf(operation: LightningOperation, runAt: Date): Wake {
  return { task: lightningTaskOf(operation), rowKey: operation.operationId, wakeSeq: operation.wakeSeq, runAt };
}
