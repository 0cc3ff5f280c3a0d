import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";

import type { LightningPayment, PaymentStatus } from "../ports/lightning-node";
import { judgePayment, type PaymentLook } from "./judge-payment";
import type { LightningAttempt } from "./lightning-operation";

const PREIMAGE = "11".repeat(32);
const HASH = bytesToHex(sha256(hexToBytes(PREIMAGE)));
const NODE = `02${"ab".repeat(32)}`;
const SENT_AT = new Date("2026-01-01T00:00:00Z");
const MINUTE = 60_000;
const after = (ms: number) => new Date(SENT_AT.getTime() + ms);

const attempt = (over: Partial<LightningAttempt> = {}): LightningAttempt => ({
  operationId: "land_1",
  attempt: 1,
  paymentHash: HASH,
  paymentIndex: undefined,
  lndPubkey: NODE,
  topIndex: 7n,
  sentAt: SENT_AT,
  lastSentAt: SENT_AT,
  sends: 1,
  forgottenAt: undefined,
  status: "sent",
  terminal: undefined,
  ...over,
});

/** What an HTLC carries decides nothing here. */
const NOTHING = { sentMsat: 0n, units: new Map<string, bigint>() };

const payment = (status: PaymentStatus, over: Partial<LightningPayment> = {}): LightningPayment => ({
  paymentHash: HASH,
  status,
  failureReason: status === "failed" ? "no_route" : "none",
  preimage: status === "succeeded" ? PREIMAGE : undefined,
  valueMsat: 50_000_000n,
  feeMsat: 0n,
  paymentIndex: 8n,
  createdAt: SENT_AT,
  bolt11: "",
  htlcs: [{ status: status === "succeeded" ? "succeeded" : "failed", attemptId: 1n, ...NOTHING }],
  ...over,
});

const kindOf = (over: Partial<PaymentLook>) =>
  judgePayment({
    payment: undefined,
    attempt: attempt(),
    node: { nodePubkey: NODE, topIndex: 8n },
    amountMsat: 50_000_000n,
    invoiceExpiresAt: after(60 * MINUTE),
    paymentTimeoutMs: MINUTE,
    now: after(1_000),
    ...over,
  }).kind;

const UNSENT = { status: "created", sentAt: undefined, lastSentAt: undefined, sends: 0 } as const;

describe("a payment that lnd shows", () => {
  it.each(["unknown", "initiated", "in_flight"] as const)("is neither paid nor failed while it is %s", (status) => {
    expect(kindOf({ payment: payment(status), now: after(9_999 * MINUTE) })).toBe("in_flight");
  });

  it("is paid when its preimage is that of the hash and its amount the land's", () => {
    expect(kindOf({ payment: payment("succeeded") })).toBe("paid");
  });

  it.each([
    ["shows no preimage", { preimage: undefined }],
    ["shows another preimage", { preimage: "22".repeat(32) }],
    ["paid another amount", { valueMsat: 49_999_999n }],
  ])("is for an operator when lnd says SUCCEEDED and %s", (_name, over) => {
    expect(kindOf({ payment: payment("succeeded", over) })).toBe("unknown");
  });

  it("was paid for somebody else when it is older than the attempt, or the attempt was never sent", () => {
    expect(kindOf({ payment: payment("succeeded", { paymentIndex: 7n }) })).toBe("paid_elsewhere");
    expect(kindOf({ payment: payment("succeeded"), attempt: attempt(UNSENT) })).toBe("paid_elsewhere");
  });

  it.each([
    ["another node", { node: { nodePubkey: `03${"cd".repeat(32)}`, topIndex: 9n } }],
    ["a node that has forgotten payments", { node: { nodePubkey: NODE, topIndex: 6n } }],
    ["a node that had forgotten payments", { attempt: attempt({ forgottenAt: after(MINUTE) }) }],
  ])("is for an operator when %s shows it: nobody can say for whom that paid", (_name, over) => {
    expect(kindOf({ payment: payment("succeeded"), ...over })).toBe("unknown");
  });

  it("has failed when it is the attempt's own and every HTLC has", () => {
    expect(kindOf({ payment: payment("failed") })).toBe("failed");
    expect(kindOf({ payment: payment("failed", { htlcs: [] }) })).toBe("failed");
  });

  it("has not failed while a shard of it is on its way", () => {
    const htlcs = [
      { status: "failed", attemptId: 1n, ...NOTHING },
      { status: "in_flight", attemptId: 2n, ...NOTHING },
    ] as const;
    expect(kindOf({ payment: payment("failed", { htlcs }) })).toBe("in_flight");
  });

  it("says nothing of an attempt when it failed before that was written down", () => {
    const older = payment("failed", { paymentIndex: 7n });
    expect(kindOf({ payment: older, attempt: attempt(UNSENT) })).toBe("send");
    expect(kindOf({ payment: older })).toBe("send");
    expect(kindOf({ payment: older, now: after(11 * MINUTE) })).toBe("unknown");
  });

  it("says nothing of an attempt when it failed at another node", () => {
    const node = { nodePubkey: `03${"cd".repeat(32)}`, topIndex: 99n };
    expect(kindOf({ payment: payment("failed", { paymentIndex: 99n }), node })).toBe("unknown");
  });
});

describe("a payment that lnd does not know", () => {
  it("is sent when it never was, and never started once its invoice has expired", () => {
    const now = after(60 * MINUTE);
    expect(kindOf({ attempt: attempt(UNSENT), now: new Date(now.getTime() - 1) })).toBe("send");
    expect(kindOf({ attempt: attempt(UNSENT), now })).toBe("never_started");
  });

  it.each([
    [0, "send"],
    [10 * MINUTE - 1, "send"],
    [10 * MINUTE, "unknown"],
    [60 * MINUTE - 1, "unknown"],
    [60 * MINUTE, "never_started"],
  ])("was sent %s ms ago with an hour to pay: %s", (ms, kind) => {
    expect(kindOf({ now: after(ms) })).toBe(kind);
  });

  it.each([
    [MINUTE, "unknown"],
    [2 * MINUTE - 1, "unknown"],
    [2 * MINUTE, "never_started"],
  ])("is not given up before twice the payment's timeout, whatever the invoice says: %s ms, %s", (ms, kind) => {
    expect(kindOf({ invoiceExpiresAt: after(MINUTE), now: after(ms) })).toBe(kind);
  });

  it.each([
    [3 * MINUTE - 1, "unknown"],
    [3 * MINUTE, "never_started"],
  ])("is not given up before twice the timeout after it was sent again: sent a minute later, %s ms, %s", (ms, kind) => {
    const sentAgain = attempt({ lastSentAt: after(MINUTE) });
    expect(kindOf({ attempt: sentAgain, invoiceExpiresAt: after(MINUTE), now: after(ms) })).toBe(kind);
  });

  it.each([
    ["another node answers", { nodePubkey: `03${"cd".repeat(32)}`, topIndex: 8n }],
    ["the node has forgotten payments", { nodePubkey: NODE, topIndex: 6n }],
  ])("is neither sent nor given up, ever, when %s", (_name, node) => {
    expect(kindOf({ node })).toBe("unknown");
    expect(kindOf({ node, now: after(9_999 * MINUTE) })).toBe("unknown");
  });

  it("is neither sent nor given up when the node had forgotten payments and has made as many since", () => {
    const forgotten = attempt({ forgottenAt: after(1_000) });
    const node = { nodePubkey: NODE, topIndex: 99n };
    expect(kindOf({ attempt: forgotten, node })).toBe("unknown");
    expect(kindOf({ attempt: forgotten, node, now: after(9_999 * MINUTE) })).toBe("unknown");
    const later = payment("failed", { paymentIndex: 98n });
    expect(kindOf({ payment: later, attempt: forgotten, node, now: after(9_999 * MINUTE) })).toBe("unknown");
  });
});
