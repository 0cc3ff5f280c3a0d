import type { TestDatabase } from "@arkrelay/db/testing/test-database";

import type { LandWorld } from "./land-world";

/**
 * Looks at lnd whenever a delivery is handed to arkd, first or again: the payment has to be held at that moment, with the blocks that
 * settling may take. Returns what was handed over without.
 */
export function watchDeliveries({ database }: TestDatabase, { arkd, lightning, deps }: LandWorld): readonly string[] {
  const ungated: string[] = [];
  const submit = arkd.submitTx.bind(arkd);
  arkd.submitTx = async (input) => {
    const [delivery] = await database.select(
      `SELECT i.payment_hash FROM payout_attempts a JOIN payouts p ON p.id = a.payout_id AND p.kind = 'lift' AND a.role = 'pay'
       JOIN lightning_invoices i ON i.operation_id = p.business_id WHERE a.signed_psbt = ?`,
      [input.signedArkTx],
    );
    if (delivery !== undefined) {
      const blocks = lightning.heldBlocksLeft(String(delivery["payment_hash"]));
      if (blocks < deps.lightningConfig.liftMinBlocksLeft)
        ungated.push(`${String(delivery["payment_hash"])}: ${blocks}`);
    }
    return submit(input);
  };
  return ungated;
}
