import { WalletState } from "@arkrelay/daemons/proto/lnrpc/stateservice";

import type { FaultBook } from "../../faults/fault-book";
import type { LndEngine } from "../engine/lnd-engine";
import { LndError } from "../engine/lnd-error";
import type { LndWalletState } from "../engine/lnd-settings";

const WIRE_STATES: Readonly<Record<LndWalletState, WalletState>> = {
  waiting_to_start: WalletState.WAITING_TO_START,
  non_existing: WalletState.NON_EXISTING,
  locked: WalletState.LOCKED,
  unlocked: WalletState.UNLOCKED,
  rpc_active: WalletState.RPC_ACTIVE,
  server_active: WalletState.SERVER_ACTIVE,
};

const REFUSALS: Readonly<Partial<Record<LndWalletState, string>>> = {
  waiting_to_start: "waiting to start, RPC services not available",
  non_existing: "wallet not created, create one to enable full RPC access",
  locked: "wallet locked, unlock it to enable full RPC access",
  unlocked: "the RPC server is in the process of starting up, but not yet ready to accept calls",
};

/** Calls that need the whole server, not only its RPC part. */
const SERVER_CALLS: ReadonlySet<string> = new Set([
  "/lnrpc.Lightning/OpenChannel",
  "/lnrpc.Lightning/OpenChannelSync",
  "/lnrpc.Lightning/CloseChannel",
  "/lnrpc.Lightning/ConnectPeer",
]);

/** How far the wallet is open: the fault `locked` closes it, the settings may hold it at any other step. */
export class LndWallet {
  constructor(
    private readonly engine: LndEngine,
    private readonly faults: FaultBook,
  ) {}

  get state(): LndWalletState {
    return this.faults.isOn("lnd", "locked") ? "locked" : this.engine.store.settings.walletState;
  }

  get wireState(): WalletState {
    return WIRE_STATES[this.state];
  }

  /** Throws what lnd answers while it cannot serve this call. */
  checkServes(path: string): void {
    const refusal = REFUSALS[this.state];
    if (refusal !== undefined) throw new LndError(refusal);
    if (this.state === "rpc_active" && SERVER_CALLS.has(path)) {
      throw new LndError("server is still in the process of starting");
    }
  }

  /** Calls the listener after every change. Returns what stops it. */
  onChange(listener: () => void): () => void {
    let last = this.state;
    const check = (): void => {
      if (this.state === last) return;
      last = this.state;
      listener();
    };
    const stopFaults = this.faults.onChange(check);
    const stopSettings = this.engine.events.listen(({ kind }) => {
      if (kind === "settings") check();
    });
    return () => {
      stopFaults();
      stopSettings();
    };
  }
}
