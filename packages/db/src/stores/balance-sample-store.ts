import type { BalanceSampleStore } from "@arkrelay/core/ports/balance-sample-store";

import type { SqlHandle } from "../sql-handle";

/** lightning_balance_samples. */
export class DrizzleBalanceSampleStore implements BalanceSampleStore {
  constructor(private readonly database: Pick<SqlHandle, "write">) {}

  async insert({ lightning, onchain }: Parameters<BalanceSampleStore["insert"]>[0]): Promise<void> {
    await this.database.write(
      `INSERT INTO lightning_balance_samples (local_msat, remote_msat, unsettled_local_msat, unsettled_remote_msat,
         pending_open_local_msat, pending_open_remote_msat, onchain_confirmed_sats, onchain_unconfirmed_sats, at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, NOW(3))`,
      [
        lightning.localMsat,
        lightning.remoteMsat,
        lightning.unsettledLocalMsat,
        lightning.unsettledRemoteMsat,
        lightning.pendingOpenLocalMsat,
        lightning.pendingOpenRemoteMsat,
        onchain.confirmedSats,
        onchain.unconfirmedSats,
      ],
    );
  }
}
