import { recheckUnknown, resumeLand } from "@arkrelay/core/lightning/resume-land";
import { cancelSession } from "@arkrelay/core/session/cancel-session";
import { expireSessions } from "@arkrelay/core/session/expire-sessions";
import { isTerminal } from "@arkrelay/core/session/session";
import type { TestKey } from "@arkrelay/core/testing/ark-transfer";
import type { PayeeAnswer } from "@arkrelay/core/testing/in-memory-payments";
import type { TestDatabase } from "@arkrelay/db/testing/test-database";

import { attemptDrive } from "./attempt-drive";
import { ownerCaller } from "./ceremony-world";
import type { LandWorld, PayeeInvoice } from "./land-world";
import type { LandRace, LandStep, StepOf } from "./lightning-steps";
import { mortalDeps } from "./mortal-process";
import { quietly } from "./quietly";

export interface RandomLand {
  readonly id: string;
  readonly sessionId: string;
  readonly user: TestKey;
  readonly invoice: PayeeInvoice;
  /** Its wallet never comes back. */
  readonly isAbandoned: boolean;
  /** There is no route to its payee until a payment has failed. */
  readonly isFoundLater: boolean;
}

/** payment_index of a node with a past, and of the same node restored from before that. */
export const TOP_INDEX = { before: 100n, restored: 50n };

/** The lands of a random run, and what may happen to one of them. */
export function createRandomLands(test: TestDatabase, world: LandWorld) {
  const { lightning, deps } = world;
  const { transactions } = test.database;
  const lands: RandomLand[] = [];
  /** Hashes that somebody else paid from the same node, with the payment_index of that. */
  const paidElsewhere = new Map<string, bigint>();
  /** Lands whose payment the node no longer knows. */
  const forgotten = new Set<string>();

  /** The worker's turn at the ceremony, and the wallet's answer to what came of it. */
  const sign = async ({ sessionId, user, isAbandoned }: RandomLand, step?: StepOf<"sign">): Promise<void> => {
    if (step === undefined) await attemptDrive(test, world, sessionId);
    else await attemptDrive(test, world, sessionId, { death: step, fault: step.arkd });
    if (isAbandoned) return;
    if ((await world.openChallenge(sessionId)) !== undefined) await world.answer(user, sessionId);
  };
  const open = async (user: TestKey, step: StepOf<"open_land">): Promise<void> => {
    const quoted = step.isQuoted ? lands.at(-1) : undefined;
    const amount = quoted === undefined ? step.amount : Number((await world.get(quoted.id)).amountSats);
    const about = { amountMsat: BigInt(amount) * 1000n, expirySeconds: step.expirySeconds };
    const invoice = quoted?.invoice ?? world.invoice(about, (preimage) => answerOf(step.payee, preimage));
    const { operationId: id, sessionId } = await world.openLand(user, invoice.bolt11, { amount });
    const land = {
      id,
      sessionId,
      user,
      invoice,
      isAbandoned: step.isAbandoned,
      isFoundLater: step.payee === "found_later",
    };
    lands.push(land);
    for (let turn = 0; turn < step.turns; turn++) await sign(land);
  };
  const resolve = ({ invoice: { paymentHash, preimage } }: RandomLand, isPaid: boolean): void => {
    const answer = isPaid
      ? ({ kind: "pay", preimage, feeMsat: 1_000n } as const)
      : ({ kind: "fail", reason: "timeout" } as const);
    if (lightning.payees.get(paymentHash)?.kind !== "hang") return;
    lightning.payees.set(paymentHash, answer);
    if (lightning.isInFlight(paymentHash)) lightning.resolvePayment(paymentHash, answer);
  };
  const openRoute = async ({ isFoundLater, invoice: { paymentHash, preimage } }: RandomLand): Promise<void> => {
    if (!isFoundLater || (await lightning.trackPayment(paymentHash))?.status !== "failed") return;
    lightning.payees.set(paymentHash, { kind: "pay", preimage, feeMsat: 0n });
  };
  const payElsewhere = async ({ invoice: { bolt11, paymentHash } }: RandomLand): Promise<void> => {
    const known = await lightning.trackPayment(paymentHash);
    if (known !== undefined && known.status !== "failed") return;
    paidElsewhere.set(paymentHash, (await lightning.getTopPaymentIndex()) + 1n);
    const limits = { feeLimitMsat: 20_000_000n, timeoutSeconds: 60, cltvLimit: 400 };
    await quietly(() => lightning.sendPayment({ bolt11, paymentHash, amountMsat: undefined, ...limits }));
  };
  /** Restored from an old backup: what is in flight ends on the chain, and until it has channels again workers have looked. */
  const restoreNode = async (): Promise<void> => {
    for (const land of lands) {
      await quietly(() => world.driveLand(land.id));
      resolve(land, isPaidInTheEnd(land));
      if ((await world.get(land.id)).status === "in_flight") forgotten.add(land.id);
    }
    lightning.forgetPayments(TOP_INDEX.restored);
    for (const id of forgotten) await quietly(() => world.driveLand(id));
  };
  /** What others do with the node meets none of the trouble between it and the gateway. */
  const undisturbed = async (work: () => Promise<void>): Promise<void> => {
    const { fault } = lightning;
    lightning.fault = () => undefined;
    await work();
    lightning.fault = fault;
  };
  const race = (act: LandRace, land: RandomLand): Promise<unknown> => {
    switch (act) {
      case "drive":
        return world.driveLand(land.id);
      case "drive_other":
        return world.driveLand(lands.find((each) => each !== land)?.id ?? land.id);
      case "sign":
        return sign(land);
      case "expire":
        return expireSessions(deps, { limit: 100 });
    }
  };
  const resume = async ({ invoice: { paymentHash }, id }: RandomLand, isRecheck: boolean): Promise<unknown> => {
    const wake = isRecheck ? recheckUnknown : resumeLand;
    await transactions.run((tx) => wake(deps, tx, paymentHash));
    return world.driveLand(id);
  };
  return {
    lands,
    paidElsewhere,
    forgotten,
    open,
    sign,
    resolve,
    /** Whether its ceremony waits for a worker or for a wallet that answers. */
    isSigning: async ({ sessionId, isAbandoned }: RandomLand): Promise<boolean> => {
      const session = await world.getSession(sessionId);
      if (isTerminal(session) || session.ceremonyState === "finalized") return false;
      return !isAbandoned || (await world.openChallenge(sessionId)) === undefined;
    },
    openRoutes: () => undisturbed(async () => void (await Promise.all(lands.map(openRoute)))),
    restoreNode: () => undisturbed(restoreNode),
    act: async (step: LandStep): Promise<unknown> => {
      const land = lands[step.land % Math.max(lands.length, 1)];
      if (land === undefined) return undefined;
      switch (step.kind) {
        case "sign":
          return sign(land, step);
        case "drive_land":
          return world.driveLand(land.id, mortalDeps(deps, step));
        case "call_off_land":
          return transactions.run((tx) =>
            cancelSession(deps, tx, {
              sessionId: land.sessionId,
              caller: ownerCaller(land.user.pubkey),
              reason: "no",
            }),
          );
        case "resolve":
          return resolve(land, step.isPaid);
        case "pay_elsewhere":
          return undisturbed(() => payElsewhere(land));
        case "resume":
          return resume(land, step.isRecheck);
        case "race_land":
          return Promise.all(step.acts.map((act) => quietly(() => race(act, land))));
      }
    },
  };
}

/** How a payment that hangs ends when nobody says. */
export function isPaidInTheEnd({ invoice: { paymentHash } }: RandomLand): boolean {
  return paymentHash < "8";
}

function answerOf(payee: StepOf<"open_land">["payee"], preimage: string): PayeeAnswer {
  switch (payee) {
    case "pay":
      return { kind: "pay", preimage, feeMsat: 1_500n };
    case "dear":
      return { kind: "pay", preimage, feeMsat: 10_000_000n };
    case "no_route":
    case "found_later":
      return { kind: "fail", reason: "no_route" };
    case "refuses":
      return { kind: "fail", reason: "incorrect_payment_details" };
    case "hang":
      return { kind: "hang" };
  }
}
