import { createHash, randomUUID } from "node:crypto";

import { driveLand } from "@arkrelay/core/lightning/drive-land";
import type { LightningConfig } from "@arkrelay/core/lightning/lightning-config";
import type { LightningDeps } from "@arkrelay/core/lightning/lightning-deps";
import type { LightningOperation } from "@arkrelay/core/lightning/lightning-operation";
import type { Random } from "@arkrelay/core/ports/random";
import type { SessionConfig } from "@arkrelay/core/session/session-deps";
import type { TestKey } from "@arkrelay/core/testing/ark-transfer";
import { aBolt11, type TestInvoice } from "@arkrelay/core/testing/bolt11-invoice";
import type { PayeeAnswer } from "@arkrelay/core/testing/in-memory-payments";
import { syncVtxos } from "@arkrelay/core/vtxo/sync-vtxos";
import type { TestDatabase } from "@arkrelay/db/testing/test-database";

import { openLiftWorld } from "./lift-world";

export interface PayeeInvoice {
  readonly bolt11: string;
  readonly paymentHash: string;
  readonly preimage: string;
}

/** Lands on the real database, with arkd and lnd in memory and a clock that stands still. */
export async function openLandWorld(
  test: TestDatabase,
  config: Partial<LightningConfig> = {},
  sessionConfig: Partial<SessionConfig> = {},
  random?: Random,
) {
  const lifts = await openLiftWorld(test, config, sessionConfig, random);
  const { database } = test;
  const { clock, lightning, deps, get } = lifts;
  const world = { ...lifts, driveLift: lifts.drive, drive: lifts.driveSession };
  /** A payee's invoice over 50 000 sats, and what the network does when it is paid. */
  const invoice = (
    about: Partial<TestInvoice> = {},
    answer: (preimage: string) => PayeeAnswer = (preimage) => ({ kind: "pay", preimage, feeMsat: 1_500n }),
  ): PayeeInvoice => {
    const preimage = Buffer.from(deps.random.bytes(32)).toString("hex");
    const paymentHash = createHash("sha256").update(Buffer.from(preimage, "hex")).digest("hex");
    lightning.payees.set(paymentHash, answer(preimage));
    const bolt11 = aBolt11({ paymentHash, createdAt: clock.now(), amountMsat: 50_000_000n, ...about });
    return { bolt11, paymentHash, preimage };
  };
  const open = async (user: TestKey, bolt11: string, params: Record<string, unknown> = {}) => {
    const { session } = await world.open(
      user,
      { params: { asset_id: "gBTC", amount: 50_000, lightning_invoice: bolt11, ...params } },
      { sessionType: "lightning_land" },
    );
    const operation = await deps.operations.findBySession(undefined, session.sessionId);
    if (operation === undefined) throw new Error(`session ${session.sessionId} has no land`);
    return operation;
  };
  /** One attempt of a worker: takes the row, drives it as far as it goes, gives it back. */
  const drive = async (operationId: string, over: LightningDeps = deps): Promise<Date | undefined> => {
    const fence = randomUUID();
    await database.write("UPDATE lightning_invoices SET attempt_token = ? WHERE operation_id = ?", [
      fence,
      operationId,
    ]);
    const { nextAt } = await driveLand(over, { operationId, fence });
    return nextAt;
  };
  /** The whole ceremony of a land, until its VTXO is the gateway's. */
  const receive = async (
    user: TestKey,
    { operationId, sessionId }: LightningOperation,
  ): Promise<LightningOperation> => {
    await world.drive(sessionId);
    await world.answer(user, sessionId);
    await world.drive(sessionId);
    await world.answer(user, sessionId);
    await world.drive(sessionId);
    return get(operationId);
  };
  return {
    ...world,
    invoice,
    openLand: open,
    driveLand: drive,
    receive,
    /** A user with coins, a co-input, and a land of theirs that was received. */
    received: async (user: TestKey, bolt11: string, params: Record<string, unknown> = {}) =>
      receive(user, await open(user, bolt11, params)),
    /** Sats of a user, known to its mirror. */
    fund: async (user: TestKey, ...amountsSats: readonly bigint[]): Promise<void> => {
      for (const amountSats of amountsSats) world.arkd.fund(user.pubkey, amountSats);
      await syncVtxos(deps, { ownerPubkey: user.pubkey });
    },
    /** Driven whenever it is due by itself, until it has ended. */
    settleLand: async (operationId: string, rounds = 60): Promise<LightningOperation> => {
      for (let round = 0; round < rounds; round++) {
        const nextAt = await drive(operationId);
        if (nextAt === undefined) return get(operationId);
        clock.advance(Math.max(1_000, nextAt.getTime() - clock.now().getTime()));
      }
      return get(operationId);
    },
  };
}

export type LandWorld = Awaited<ReturnType<typeof openLandWorld>>;
