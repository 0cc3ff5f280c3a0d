import { cancelLift } from "@arkrelay/core/lightning/cancel-lift";
import { expireSessions } from "@arkrelay/core/session/expire-sessions";
import type { TestKey } from "@arkrelay/core/testing/ark-transfer";
import { syncVtxos } from "@arkrelay/core/vtxo/sync-vtxos";
import type { TestDatabase } from "@arkrelay/db/testing/test-database";

import { ownerCaller } from "./ceremony-world";
import type { DaemonTrouble, Trouble } from "./daemon-trouble";
import type { InvoiceFeed } from "./invoice-feed";
import type { LandWorld } from "./land-world";
import type { LiftRace, LiftStep, StepOf } from "./lightning-steps";
import { mortalDeps } from "./mortal-process";
import { quietly } from "./quietly";

/** The lifts of a random run, and what may happen to one of them. */
export function createRandomLifts(
  { database }: TestDatabase,
  world: LandWorld,
  { feed, trouble }: { readonly feed: InvoiceFeed; readonly trouble: DaemonTrouble },
) {
  const { lightning, deps } = world;
  const stockOwner = deps.wallet.keys.stock.pubkey;
  const ids: string[] = [];

  const pay = async (id: string, step: StepOf<"pay_lift">): Promise<void> => {
    const { paymentHash, amountSats, bolt11 } = await world.get(id);
    if (bolt11 === undefined) await world.driveLift(id);
    const msat = step.isShort ? amountSats * 1000n - 1n : amountSats * 1000n + BigInt(step.excessMsat);
    lightning.receive(paymentHash, { partsMsat: [msat / 3n, msat - msat / 3n], blocks: step.blocks });
  };
  const stall = async (id: string, step: StepOf<"stall_lift">): Promise<void> => {
    const met: Trouble =
      step.trouble === "settle"
        ? { arkd: null, lnd: { call: "settleInvoice", fault: "unavailable" } }
        : { arkd: step.trouble, isSubmit: true, lnd: null };
    await trouble.during(met, () => quietly(() => world.driveLift(id)));
    lightning.mine(step.blocks);
  };
  const callOff = async (id: string): Promise<unknown> => {
    const { sessionId, userPubkey } = await world.get(id);
    return database.transactions.run((tx) =>
      cancelLift(deps, tx, { sessionId, caller: ownerCaller(userPubkey), reason: "no" }),
    );
  };
  const hear = async (id: string): Promise<void> => feed.hear((await world.get(id)).paymentHash);
  const race = (act: LiftRace, id: string): Promise<unknown> => {
    switch (act) {
      case "drive":
        return world.driveLift(id);
      case "drive_other":
        return world.driveLift(ids.find((each) => each !== id) ?? id);
      case "hear":
        return hear(id);
      case "call_off":
        return callOff(id);
      case "expire":
        return expireSessions(deps, { limit: 100 });
      case "sync":
        return syncVtxos(deps, { ownerPubkey: stockOwner });
    }
  };
  return {
    ids,
    start: async (user: TestKey, step: StepOf<"start_lift">): Promise<void> => {
      const { operation } = await world.start(user.pubkey, { amount: BigInt(step.amount) });
      ids.push(operation.operationId);
      if (step.paidWith === null) return;
      await world.driveLift(operation.operationId);
      lightning.receive(operation.paymentHash, { blocks: step.paidWith });
    },
    act: async (step: LiftStep): Promise<unknown> => {
      const id = ids[step.lift % Math.max(ids.length, 1)];
      if (id === undefined) return undefined;
      switch (step.kind) {
        case "pay_lift":
          return pay(id, step);
        case "drive_lift":
          return world.driveLift(id, mortalDeps(deps, step));
        case "stall_lift":
          return stall(id, step);
        case "hear":
          return hear(id);
        case "call_off_lift":
          return callOff(id);
        case "race_lift":
          return Promise.all(step.acts.map((act) => quietly(() => race(act, id))));
      }
    },
  };
}
