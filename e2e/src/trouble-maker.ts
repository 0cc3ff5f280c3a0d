import { addFault, clearFaults, restartDaemon } from "./control-api";
import type { StackInfo } from "./running-stack";

const LOST_REPLIES = [
  ["lnd", "SendPaymentV2"],
  ["lnd", "AddHoldInvoice"],
  ["lnd", "SettleInvoice"],
  ["lnd", "LookupInvoice"],
  ["arkd", "SubmitTx"],
  ["arkd", "FinalizeTx"],
] as const;

/** Restarts daemons, cuts streams and loses replies until stopped. Returns how often. */
export function startTrouble(stack: StackInfo, random: () => number): { stop(): Promise<number> } {
  const stopped = new AbortController();
  let count = 0;
  const loop = (async () => {
    while (!stopped.signal.aborted) {
      await new Promise((resolve) => setTimeout(resolve, 700 + random() * 2_000));
      const dice = random();
      count += 1;
      if (dice < 0.15) await restartDaemon(stack, dice < 0.08 ? "lnd" : "arkd", Math.floor(random() * 1_500));
      else if (dice < 0.3)
        await addFault(stack, {
          target: "lnd",
          kind: "cut_stream",
          method: "SubscribeSingleInvoice",
          code: "UNAVAILABLE",
        });
      else {
        const [target, method] = LOST_REPLIES[Math.floor(random() * LOST_REPLIES.length)] ?? LOST_REPLIES[0];
        await addFault(stack, { target, kind: "lose_reply", method, code: "UNAVAILABLE" });
      }
    }
  })();
  return {
    stop: async () => {
      stopped.abort();
      await loop;
      await clearFaults(stack);
      return count;
    },
  };
}
