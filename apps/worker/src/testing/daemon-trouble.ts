import type { ArkdFault, InMemoryArkd } from "@arkrelay/core/testing/in-memory-arkd";
import type { LightningFault } from "@arkrelay/core/testing/in-memory-lightning";
import type { InMemoryLightningNode, LightningCall } from "@arkrelay/core/testing/in-memory-lightning-node";

interface LightningTrouble {
  readonly call: LightningCall;
  readonly fault: LightningFault;
}

/** What a daemon's next calls meet. */
export interface Trouble {
  readonly arkd: ArkdFault | null;
  /** Only a SubmitTx meets it. */
  readonly isSubmit?: boolean;
  readonly lnd: LightningTrouble | null;
}

/** Trouble with arkd and lnd in layers: a daemon that is away for some calls, and below that one call that fails. */
export function createDaemonTrouble({
  arkd,
  lightning,
}: {
  readonly arkd: InMemoryArkd;
  readonly lightning: InMemoryLightningNode;
}) {
  const awayCalls = { arkd: 0, lnd: 0 };
  let next: Trouble = NO_TROUBLE;

  const arkdFault = (method: "submitTx" | "finalizeTx" | "read"): ArkdFault | undefined => {
    if (awayCalls.arkd > 0) {
      awayCalls.arkd--;
      return "unavailable";
    }
    const { arkd: fault } = next;
    if (fault === null || (method === "read" && fault !== "unavailable")) return undefined;
    if (next.isSubmit === true && method !== "submitTx") return undefined;
    next = { ...next, arkd: null };
    return fault;
  };
  const lndFault = (call: LightningCall): LightningFault | undefined => {
    if (awayCalls.lnd > 0) {
      awayCalls.lnd--;
      return "unavailable";
    }
    const { lnd } = next;
    if (lnd?.call !== call) return undefined;
    next = { ...next, lnd: null };
    return lnd.fault;
  };
  return {
    /** A wallet that is locked, or an open breaker: nothing of the next calls arrives. */
    leave: (daemon: "arkd" | "lnd", calls: number): void => {
      awayCalls[daemon] = calls;
    },
    /** Runs `work` with this trouble; what of it is met by nobody ends with it. */
    during: async (trouble: Trouble, work: () => Promise<unknown>): Promise<unknown> => {
      next = trouble;
      arkd.fault = arkdFault;
      lightning.fault = lndFault;
      try {
        return await work();
      } finally {
        next = NO_TROUBLE;
      }
    },
    /** Both daemons answer from now on. */
    end: (): void => {
      awayCalls.arkd = 0;
      awayCalls.lnd = 0;
    },
  };
}

const NO_TROUBLE: Trouble = { arkd: null, lnd: null };

export type DaemonTrouble = ReturnType<typeof createDaemonTrouble>;
