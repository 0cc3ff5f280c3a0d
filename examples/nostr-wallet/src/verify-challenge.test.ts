import { readFileSync } from "node:fs";
import path from "node:path";

import type { Vtxo } from "./account.js";
import { vtxoScript } from "./ark-scripts.js";
import { sha256Hex, toHex } from "./bytes.js";
import { canonicalJson } from "./canonical-json.js";
import type { Pins } from "./pins.js";
import { type Approval, type Challenge, verifyArkTx, verifyCheckpoints } from "./verify-challenge.js";

interface Psbts {
  readonly ark_psbt: string;
  readonly checkpoint_psbts: readonly string[];
}

interface Transfer {
  readonly name: string;
  readonly inputs: readonly { readonly vtxo_id: string; readonly amount_sats: number; readonly owner_pubkey: string }[];
  readonly outputs: readonly { readonly script: string; readonly amount_sats: number }[];
  readonly items: Challenge["items"];
  readonly unsigned: Psbts;
  readonly accepted: Psbts;
}

/** Transfers as the gateway builds them and as arkd signs them, read as data. */
const file = path.join(__dirname, "../../../packages/core/test-vectors/ark-transfer.vectors.json");
const vectors = JSON.parse(readFileSync(file, "utf8")) as {
  readonly params: {
    readonly signer_pubkey: string;
    readonly checkpoint_tapscript: string;
    readonly exit_delay: number;
  };
  readonly keys: Readonly<Record<"alice" | "bob" | "gateway", { readonly pubkey: string }>>;
  readonly transfers: readonly Transfer[];
};

const SESSION = "5e".repeat(32);
const NAMES = ["one input, exact amount, no change", "two inputs with change and the gateway co-input"] as const;
const alice = vectors.keys.alice.pubkey;
const pins: Pins = {
  signer: vectors.params.signer_pubkey,
  checkpointTapscript: vectors.params.checkpoint_tapscript,
  exitDelay: vectors.params.exit_delay,
  landScript: "00",
  feeSats: 10,
  landFeeBps: 10,
};
const scriptOf = (pubkey: string): string => toHex(vtxoScript(pubkey, pins));

function transferNamed(name: string): Transfer {
  const found = vectors.transfers.find((transfer) => transfer.name === name);
  if (found === undefined) throw new Error(`no vector ${name}`);
  return found;
}

const [exact, withChange] = [transferNamed(NAMES[0]), transferNamed(NAMES[1])];

function approvalFor({ outputs }: Transfer, change: Partial<Approval> = {}): Approval {
  const recipientScript = scriptOf(vectors.keys.bob.pubkey);
  const paid = outputs.find(({ script }) => script === recipientScript)?.amount_sats ?? 0;
  return { pubkey: alice, sessionId: SESSION, pins, recipientScript, paidSats: BigInt(paid), gainSats: 10n, ...change };
}

function vtxosOf({ inputs }: Transfer): Vtxo[] {
  const mine = inputs.filter(({ owner_pubkey }) => owner_pubkey === alice);
  return mine.map(({ vtxo_id, amount_sats }) => ({
    vtxo_id,
    amount: amount_sats,
    amount_sats,
    asset_id: "gBTC",
    status: "assigned",
    locked: true,
    expires_at: null,
    script: scriptOf(alice),
  }));
}

/** As the gateway sends it; what is changed is hashed anew, as a gateway that cheats would. */
function challengeFor(
  { items, unsigned, accepted }: Transfer,
  stage: "ark_tx" | "checkpoint_txs",
  change: Partial<Challenge> = {},
): Challenge {
  const role = stage === "ark_tx" ? "ark" : "checkpoint";
  const content = {
    session_id: SESSION,
    challenge_id: stage,
    type: "sign_tx",
    stage,
    items: items.filter((item) => item.role === role && item.pubkey === alice),
    ...(stage === "ark_tx" ? unsigned : accepted),
    params: { signer: pins.signer, checkpoint_tapscript: pins.checkpointTapscript, exit_delay: pins.exitDelay },
    algo: "BIP340",
    expires_at: "2030-01-01T00:00:00.000Z",
    ...change,
  };
  const { session_id, ark_psbt, checkpoint_psbts, params } = content;
  const covered = { session_id, stage: content.stage, ark_psbt, checkpoint_psbts, items: content.items, params };
  return {
    ...content,
    payload_to_sign: content.items.map(({ sighash }) => sighash).join(""),
    payload_ref: `sha256:${sha256Hex(canonicalJson(covered))}`,
  };
}

const signed = (transfer: Transfer) =>
  verifyArkTx(challengeFor(transfer, "ark_tx"), approvalFor(transfer), vtxosOf(transfer)).transaction;

describe("what was agreed", () => {
  it.each(NAMES)("is signed in both stages, with digests computed here: %s", (name) => {
    const transfer = transferNamed(name);
    const digests = (role: string) =>
      transfer.items.filter((item) => item.role === role && item.pubkey === alice).map(({ sighash }) => sighash);
    const first = verifyArkTx(challengeFor(transfer, "ark_tx"), approvalFor(transfer), vtxosOf(transfer));
    expect(first.items.map(({ sighash }) => sighash)).toEqual(digests("ark"));
    const second = verifyCheckpoints(
      challengeFor(transfer, "checkpoint_txs"),
      approvalFor(transfer),
      first.transaction,
    );
    expect(second.items.map(({ sighash }) => sighash)).toEqual(digests("checkpoint"));
  });
});

describe("a transaction is not signed", () => {
  const challenge = (change: Partial<Challenge> = {}) => challengeFor(withChange, "ark_tx", change);
  const vtxos = vtxosOf(withChange);
  const approval = approvalFor(withChange);
  const [item, ...rest] = challenge().items;
  if (item === undefined) throw new Error("the vector has no item of the wallet");

  it.each<[string, RegExp, () => unknown]>([
    [
      "that pays somebody else",
      /recipient/,
      () => verifyArkTx(challenge(), { ...approval, recipientScript: scriptOf("ab".repeat(32)) }, vtxos),
    ],
    [
      "that pays another amount",
      /recipient/,
      () => verifyArkTx(challenge(), { ...approval, paidSats: approval.paidSats + 1n }, vtxos),
    ],
    ["that takes more than the fee", /change/, () => verifyArkTx(challenge(), { ...approval, gainSats: 9n }, vtxos)],
    [
      "whose VTXO is worth more than it says",
      /would build/,
      () =>
        verifyArkTx(
          challenge(),
          approval,
          vtxos.map((vtxo) => ({ ...vtxo, amount_sats: vtxo.amount_sats + 1 })),
        ),
    ],
    ["that spends nothing known", /nothing of mine/, () => verifyArkTx(challenge(), approval, [])],
    [
      "whose input carries an asset",
      /nothing of mine/,
      () =>
        verifyArkTx(
          challenge(),
          approval,
          vtxos.flatMap((vtxo) => [vtxo, { ...vtxo, asset_id: "gUSD" }]),
        ),
    ],
    [
      "built for another arkd",
      /pinned/,
      () => verifyArkTx(challenge(), { ...approval, pins: { ...pins, signer: "ab".repeat(32) } }, vtxos),
    ],
    [
      "with a digest of something else",
      /items/,
      () => verifyArkTx(challenge({ items: [{ ...item, sighash: "00".repeat(32) }, ...rest] }), approval, vtxos),
    ],
    [
      "that asks for one input twice",
      /items/,
      () => verifyArkTx(challenge({ items: [item, item, ...rest] }), approval, vtxos),
    ],
    [
      "that wants a checkpoint signed before arkd has signed",
      /items/,
      () =>
        verifyArkTx(challenge({ items: withChange.items.filter(({ pubkey }) => pubkey === alice) }), approval, vtxos),
    ],
    [
      "whose payload_ref is of another content",
      /payload_ref/,
      () => verifyArkTx({ ...challenge(), ark_psbt: exact.unsigned.ark_psbt }, approval, vtxos),
    ],
    [
      "of another session",
      /another session/,
      () => verifyArkTx(challenge({ session_id: "00".repeat(32) }), approval, vtxos),
    ],
    [
      "that could settle beside one signed before",
      /other inputs/,
      () => verifyArkTx(challenge(), approval, vtxos, signed(exact)),
    ],
  ])("%s", (_name, reason, verify) => {
    expect(verify).toThrow(reason);
  });
});

describe("a checkpoint is not signed", () => {
  const approval = approvalFor(withChange);

  it("while arkd has not signed", () => {
    const challenge = challengeFor(withChange, "checkpoint_txs", withChange.unsigned);
    expect(() => verifyCheckpoints(challenge, approval, signed(withChange))).toThrow(/arkd has not signed input 0/);
  });

  it("while arkd has signed the ark tx only", () => {
    const change = { checkpoint_psbts: withChange.unsigned.checkpoint_psbts };
    const challenge = challengeFor(withChange, "checkpoint_txs", change);
    expect(() => verifyCheckpoints(challenge, approval, signed(withChange))).toThrow(/has not signed my checkpoint/);
  });

  it("of a transaction that was never signed here", () => {
    const challenge = challengeFor(withChange, "checkpoint_txs");
    expect(() => verifyCheckpoints(challenge, approval, undefined)).toThrow(/never signed/);
  });

  it("of another transaction than the one that was signed", () => {
    const before = { ...signed(withChange), arkTxid: signed(exact).arkTxid };
    expect(() => verifyCheckpoints(challengeFor(withChange, "checkpoint_txs"), approval, before)).toThrow(
      /not the transaction that was signed/,
    );
  });
});
