import { AppError } from "../errors";
import type { ArkVtxo } from "../ports/ark-daemon";
import { NEVER_SENT, type SubmitState } from "../session/session";
import { thrownBy } from "../testing/thrown-by";
import { afterFailedSend, judgeInputs, requireAwake, sendingAt } from "./submit-proof";

const SENT_AT = new Date("2026-08-01T12:00:00.000Z");
const TIMEOUT_MS = 30_000;
const REFUSAL = { code: "18", name: "INVALID_SIGNATURE" };

const later = (ms: number): Date => new Date(SENT_AT.getTime() + ms);

function aVtxo(vtxoId: string, spentBy = ""): ArkVtxo {
  return {
    vtxoId,
    txid: vtxoId.slice(0, -2),
    vout: 0,
    script: "",
    amountSats: 1_000n,
    createdAt: SENT_AT,
    expiresAt: null,
    isPreconfirmed: true,
    isSwept: false,
    isUnrolled: false,
    isSpent: spentBy !== "",
    spentBy,
    settledBy: "",
    arkTxid: spentBy,
    commitmentTxids: [],
    assets: [],
  };
}

function look(vtxos: readonly ArkVtxo[], state: Partial<SubmitState>, askedAfterMs = 0) {
  const askedAt = later(askedAfterMs);
  return judgeInputs({
    arkTxid: "ours",
    inputIds: ["a:0", "b:0"],
    vtxos,
    state: { ...NEVER_SENT, ...state },
    askedAt,
    now: askedAt,
    daemonTimeoutMs: TIMEOUT_MS,
  });
}

const UNSPENT = [aVtxo("a:0"), aVtxo("b:0")];

describe("a look at the inputs", () => {
  it("shows acceptance by one input alone, whatever arkd refused before", () => {
    const vtxos = [aVtxo("a:0", "ours"), aVtxo("b:0")];
    expect(look(vtxos, { refusal: REFUSAL })).toEqual({ kind: "accepted" });
  });

  it("shows death by one input that another transaction has", () => {
    const vtxos = [aVtxo("a:0"), aVtxo("b:0", "theirs")];
    expect(look(vtxos, {})).toMatchObject({ kind: "spent", lost: { vtxoId: "b:0" } });
  });

  it("sends again what arkd never refused", () => {
    expect(look(UNSPENT, { lastUnansweredAt: SENT_AT.toISOString() })).toEqual({ kind: "resubmit" });
  });

  it("proves nothing when arkd does not list every input", () => {
    expect(thrownBy(() => look([aVtxo("a:0")], { refusal: REFUSAL }))).toMatchObject({ code: "daemon_unavailable" });
  });

  it("believes a refusal only after two clean looks, long after the last unanswered send and that far apart", () => {
    const lastUnansweredAt = SENT_AT.toISOString();
    const refused = { refusal: REFUSAL, lastUnansweredAt };
    expect(look(UNSPENT, refused, 59_999)).toEqual({ kind: "look_again", until: later(60_000) });
    const first = look(UNSPENT, refused, 60_000);
    const cleanReadAt = later(60_000).toISOString();
    expect(first).toEqual({ kind: "look_again", until: later(120_000), cleanReadAt });
    expect(look(UNSPENT, { ...refused, cleanReadAt }, 119_999)).toEqual({ kind: "look_again", until: later(120_000) });
    expect(look(UNSPENT, { ...refused, cleanReadAt }, 120_000)).toEqual({ kind: "refused", refusal: REFUSAL });
  });
});

describe("a send", () => {
  const sent = sendingAt(NEVER_SENT, SENT_AT);

  it("takes back what a look before it has shown", () => {
    expect(sendingAt({ ...sent, cleanReadAt: SENT_AT.toISOString() }, later(1))).toMatchObject({
      sends: 2,
      cleanReadAt: null,
      lastUnansweredAt: later(1).toISOString(),
    });
  });

  it.each([
    ["daemon_rejected", null],
    ["daemon_unavailable", null],
    ["daemon_auth_failed", null],
    ["outcome_unknown", later(5_000).toISOString()],
  ] as const)("that ends in %s counts as unanswered only when it may have arrived", (code, lastUnansweredAt) => {
    expect(afterFailedSend(sent, NEVER_SENT, new AppError(code), later(5_000))).toMatchObject({ lastUnansweredAt });
  });

  it("is told nothing about by an error of our own", () => {
    expect(afterFailedSend(sent, NEVER_SENT, new AppError("database_unavailable"), later(5_000))).toBeUndefined();
  });

  it("is not made by a process that slept since it was written down", () => {
    expect(() => requireAwake(sent, later(TIMEOUT_MS - 1), TIMEOUT_MS)).not.toThrow();
    expect(thrownBy(() => requireAwake(sent, later(TIMEOUT_MS), TIMEOUT_MS))).toMatchObject({
      code: "daemon_unavailable",
    });
  });
});
