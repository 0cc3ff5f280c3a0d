import type { HeldLiftFact } from "../ports/alert-facts";
import { judgeAcceptedPayout, judgeHeldLift, judgeStuckCeremony } from "./judge-alerts";

const held = (status: HeldLiftFact["status"] = "delivered"): HeldLiftFact => ({
  operationId: "op-1",
  paymentHash: "aa".repeat(32),
  status,
  htlcExpiryHeight: 1_000,
});
const chain = (blockHeight: number) => ({ blockHeight, holdExpiryDelta: 18 });

describe("a payment that lnd holds for a lift", () => {
  it("is told of from 18 blocks before lnd gives it back, and not before", () => {
    expect(judgeHeldLift(held(), chain(1_000 - 36))).toBeUndefined();
    expect(judgeHeldLift(held(), chain(1_000 - 35))).toMatchObject({
      name: "hold_invoice_deadline",
      severity: "critical",
      subject: "op-1",
      details: { operation_id: "op-1", height: 965, deadline_height: 982, htlc_expiry_height: 1_000, blocks_left: 17 },
    });
  });

  it("goes on being told of when the deadline is over", () => {
    expect(judgeHeldLift(held(), chain(990))).toMatchObject({ details: { blocks_left: -8 } });
  });

  it.each([
    ["delivered", /settles by itself; after the deadline the amount is lost/],
    ["delivering", /finishes the delivery or takes the pivot back/],
    ["accepted", /gives the payment back/],
  ] as const)("says what is to be done while it is %s", (status, action) => {
    expect(judgeHeldLift(held(status), chain(990))?.action).toMatch(action);
  });
});

describe("what arkd accepted and is not final", () => {
  const acceptedAt = new Date("2026-01-01T00:00:00Z");
  const deadline = "2026-01-01T00:15:00.000Z";

  it("is a stuck transfer or payout with its deadline, and a poisoned one when arkd refuses it for good", () => {
    const ceremony = { sessionId: "s-1", acceptedAt, gatewaySats: 1_000n, isPoisoned: false };
    expect(judgeStuckCeremony(ceremony, 900_000)).toMatchObject({
      name: "ceremony_stuck",
      severity: "high",
      subject: "s-1",
      details: { session_id: "s-1", deadline, frozen_sats: "1000" },
    });
    expect(judgeStuckCeremony({ ...ceremony, isPoisoned: true }, 900_000)).toMatchObject({
      name: "finalize_poisoned",
      severity: "critical",
      subject: "s-1",
    });
    const payout = {
      kind: "refund",
      businessId: "op-2",
      txid: "bb".repeat(32),
      acceptedAt,
      isPoisoned: false,
    } as const;
    expect(judgeAcceptedPayout(payout, 900_000)).toMatchObject({
      name: "payout_stuck",
      subject: "op-2",
      details: { operation_id: "op-2", payout: "refund", deadline },
    });
    expect(judgeAcceptedPayout({ ...payout, isPoisoned: true }, 900_000)).toMatchObject({ name: "finalize_poisoned" });
  });
});
