import { Extension, type Transaction, asset } from "@arkade-os/sdk";
import { base64 } from "@scure/base";

import { VerificationError, type VerificationReason } from "./errors.js";
import { canonicalJson, taggedHash, payloadRef } from "./payloads.js";
import { secretKeySigner } from "./secret-key-signer.js";
import {
  type BuiltTx,
  type Content,
  NOW,
  SESSION_ID,
  type TxPlan,
  alice,
  anIntent,
  arkd,
  bob,
  buildTx,
  contentFor,
  gateway,
  honestPlan,
  mallory,
  options,
  ownVtxo,
  pins,
  received,
  signAllAsArkd,
  signAsArkd,
  viewOf,
  withRef,
} from "./testing/fake-gateway.js";
import { type VerifyOptions, signChallenge, verifyChallenge } from "./wallet-verifier.js";

const view = viewOf(ownVtxo("first", 15_000n), ownVtxo("second", 9_000n));
const signer = secretKeySigner(alice.secretKey);

function stageOne(plan: TxPlan = honestPlan(view)): Content {
  return contentFor(
    buildTx(plan),
    "ark_tx",
    plan.inputs.map((input) => input.owner),
    SESSION_ID,
  );
}

function withOutputs(change: (outputs: TxPlan["outputs"][number][]) => void): TxPlan {
  const plan = honestPlan(view);
  const outputs = [...plan.outputs];
  change(outputs);
  return { ...plan, outputs };
}

function refuses(reason: VerificationReason, content: unknown, over: Partial<VerifyOptions> = {}): void {
  expect(reasonOf(() => verifyChallenge(received(content), options(view, over)))).toBe(reason);
}

function reasonOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof VerificationError) return error.reason;
    throw error;
  }
  return "accepted";
}

function at<T>(list: readonly T[], index: number): T {
  const entry = list[index];
  if (entry === undefined) throw new Error(`nothing at ${index}`);
  return entry;
}

/** Stage 1 signed honestly, and the stage-2 transactions before arkd signs them. */
function secondStage(): { tx: BuiltTx; owners: string[]; over: Partial<VerifyOptions> } {
  const plan = honestPlan(view);
  const first = verifyChallenge(received(stageOne(plan)), options(view));
  const owners = plan.inputs.map((input) => input.owner);
  return { tx: buildTx(plan), owners, over: { answered: [first.record], previous: first.record } };
}

describe("an honest gateway", () => {
  it("gets both stages signed, and the summary says what moves", async () => {
    const first = verifyChallenge(received(stageOne()), options(view));
    expect(first.summary).toMatchObject({
      recipientPubkey: bob.pubkey,
      amountSats: 20_000n,
      feeSats: 10n,
      changeSats: 3_990n,
    });
    const answer = await signChallenge(first, signer);
    expect(answer).toMatchObject({ session_id: SESSION_ID, type: "sign_tx", algo: "BIP340" });
    expect(answer.signatures).toHaveLength(2);

    const { tx, owners, over } = secondStage();
    signAllAsArkd(tx);
    const second = verifyChallenge(received(contentFor(tx, "checkpoint_txs", owners, SESSION_ID)), options(view, over));
    const finalAnswer = await signChallenge(second, signer);
    expect(finalAnswer.signatures?.map((s) => s.input)).toEqual([0, 0]);
  });

  it("may let the checkpoint challenge outlive its expiry and show the inputs as spent", () => {
    const { tx, owners, over } = secondStage();
    signAllAsArkd(tx);
    const spent = viewOf(...[...view.values()].map((vtxo) => ({ ...vtxo, isSpent: true })));
    const content = contentFor(tx, "checkpoint_txs", owners, SESSION_ID);
    expect(verifyChallenge(received(content), options(spent, { ...over, now: NOW + 9_999 })).ok).toBe(true);
  });

  it("gives change below dust to the recipient when the intent allows it", () => {
    const intent = { content: anIntent({ amount: 23_900, dust_policy: "to_recipient" }), eventId: "e1".repeat(32) };
    const plan = honestPlan(view);
    const outputs = [{ to: bob.pubkey, sats: 23_990n }, at(plan.outputs, 2)];
    const content = stageOne({ ...plan, outputs });
    expect(verifyChallenge(received(content), options(view, { intent })).summary?.changeSats).toBe(0n);
    refuses("amount", content, { intent: { ...intent, content: anIntent({ amount: 23_900 }) } });
  });

  it("is believed over HTTP only for the session the wallet opened itself", () => {
    const intent = { content: anIntent(), sessionId: SESSION_ID };
    expect(verifyChallenge({ content: stageOne() }, options(view, { intent })).ok).toBe(true);
    const other = { ...intent, sessionId: "another" };
    expect(reasonOf(() => verifyChallenge({ content: stageOne() }, options(view, { intent: other })))).toBe("origin");
  });
});

describe("a hostile gateway is refused when it", () => {
  it("redirects the payment to another key", () => {
    refuses("recipient", stageOne(withOutputs((o) => o.splice(0, 1, { to: mallory.pubkey, sats: 20_000n }))));
  });

  it("pays the recipient a wrong amount", () => {
    const plan = withOutputs((o) =>
      o.splice(0, 2, { to: bob.pubkey, sats: 19_000n }, { to: alice.pubkey, sats: 4_990n }),
    );
    refuses("amount", stageOne(plan));
  });

  it("adds an output out of my change", () => {
    const plan = withOutputs((o) =>
      o.splice(1, 1, { to: alice.pubkey, sats: 3_660n }, { to: mallory.pubkey, sats: 330n }),
    );
    refuses("extra_output", stageOne(plan));
  });

  it("takes a higher fee than the intent states", () => {
    const fee = at(honestPlan(view).outputs, 2);
    const plan = withOutputs((o) => o.splice(1, 2, { to: alice.pubkey, sats: 3_000n }, { ...fee, sats: 2_000n }));
    refuses("fee", stageOne(plan));
  });

  it("sends my change to another key", () => {
    refuses("change", stageOne(withOutputs((o) => o.splice(1, 1, { to: mallory.pubkey, sats: 3_990n }))));
  });

  it("leaves out my change and keeps it", () => {
    const fee = at(honestPlan(view).outputs, 2);
    refuses("change", stageOne(withOutputs((o) => o.splice(1, 2, { ...fee, sats: fee.sats + 3_990n }))));
  });

  it("spends a VTXO of mine that the intent does not name", () => {
    const [first] = [...view.keys()];
    const intent = { content: anIntent({ source_vtxos: [first] }), eventId: "e1".repeat(32) };
    refuses("inputs", stageOne(), { intent });
  });

  it("asks for a signature on an input that is not mine", () => {
    const plan = honestPlan(view);
    const content = contentFor(
      buildTx(plan),
      "ark_tx",
      plan.inputs.map(() => alice.pubkey),
      SESSION_ID,
    );
    refuses("foreign_input", content);
  });

  it("lies about the amount of my VTXO", () => {
    const [first, second] = [...view.values()];
    if (!first || !second) throw new Error("two VTXOs");
    refuses("structure", stageOne(), { vtxoView: viewOf({ ...first, amountSats: 99_000n }, second) });
  });

  it("leaves out a checkpoint", () => {
    const content = stageOne();
    refuses("structure", withRef({ ...content, checkpoint_psbts: content.checkpoint_psbts.slice(1) }));
  });

  it("builds my checkpoint on another unroll script", () => {
    const arkdPins = {
      ...pins,
      checkpointTapscript: pins.checkpointTapscript.replace(/20[0-9a-f]{64}/, `20${mallory.pubkey}`),
    };
    refuses("structure", stageOne({ ...honestPlan(view), arkdPins }));
  });

  it("sends a challenge that was answered before", () => {
    const content = stageOne();
    const { record } = verifyChallenge(received(content), options(view));
    refuses("replayed", content, { answered: [record] });
  });

  it("asks to sign the same intent again with other inputs, so that both could settle", () => {
    const { record } = verifyChallenge(received(stageOne()), options(view));
    const others = viewOf(ownVtxo("third", 30_000n));
    const content = { ...stageOne(honestPlan(others)), challenge_id: "another" };
    refuses("replayed", content, { vtxoView: others, answered: [record] });
  });

  it("lets the challenge or the intent expire", () => {
    refuses("stale", { ...stageOne(), expires_at: NOW });
    refuses("stale", stageOne(), {
      intent: { content: { ...anIntent(), expires_at: NOW - 1 }, eventId: "e1".repeat(32) },
    });
  });

  it("answers for another session, another intent, another key or with another identity", () => {
    refuses("origin", withRef({ ...stageOne(), session_id: "stale-session" }));
    const content = stageOne();
    const run = (challenge: ReturnType<typeof received>) => reasonOf(() => verifyChallenge(challenge, options(view)));
    expect(run(received(content, mallory))).toBe("origin");
    expect(run(received(content, gateway, "f0".repeat(32)))).toBe("origin");
    expect(run(received(content, gateway, "e1".repeat(32), bob.pubkey))).toBe("origin");
  });

  it("changes the content after payload_ref was made", () => {
    refuses("payload", { ...stageOne(), params: { signer: mallory.pubkey, checkpoint_tapscript: "", exit_delay: 1 } });
  });

  it.each([
    ["signer", { signer: mallory.pubkey }],
    ["checkpoint script", { checkpoint_tapscript: "51" }],
    ["exit delay", { exit_delay: 512 }],
  ])("builds for another %s than the pinned one", (_, changed) => {
    const content = stageOne();
    refuses("pins", withRef({ ...content, params: { ...content.params, ...changed } }));
  });

  it("sends a sighash that is not the transaction's", () => {
    const content = stageOne();
    const items = content.items.map((item) => ({ ...item, sighash: "ab".repeat(32) }));
    refuses("sighash", withRef({ ...content, items }));
  });

  it("leaves out one of my inputs, or names it twice", () => {
    const content = stageOne();
    refuses("sighash", withRef({ ...content, items: content.items.slice(1) }));
    refuses("sighash", withRef({ ...content, items: [at(content.items, 0), at(content.items, 0)] }));
  });

  it("asks for another sighash type", () => {
    const plan = honestPlan(view);
    const tx = buildTx(plan);
    tx.ark.updateInput(0, { sighashType: 0x81 });
    refuses(
      "sighash",
      contentFor(
        tx,
        "ark_tx",
        plan.inputs.map((input) => input.owner),
        SESSION_ID,
      ),
    );
  });

  it("asks for checkpoint signatures together with stage 1", () => {
    const plan = honestPlan(view);
    const owners = plan.inputs.map((input) => input.owner);
    const tx = buildTx(plan);
    const content = contentFor(tx, "ark_tx", owners, SESSION_ID);
    const presign = contentFor(tx, "checkpoint_txs", owners, SESSION_ID);
    const both = withRef({ ...content, items: [...content.items, ...presign.items], context: { presign: true } });
    refuses("presign", both);
    // Nobody else has inputs in it, so there is nobody whose inputs could be frozen.
    refuses("presign", both, { allowPresign: true });
  });

  it("asks for a bare digest", () => {
    const { ark_psbt: _, checkpoint_psbts: __, ...bare } = stageOne();
    refuses("digest", { ...bare, type: "sign_payload", payload_to_sign: "ab".repeat(32) });
    refuses("digest", aPayload(anIntent(), { payload_to_sign: "ab".repeat(32) }));
  });
});

describe("stage checkpoint_txs is refused when", () => {
  it("stage 1 was not signed by this wallet", () => {
    const { tx, owners } = secondStage();
    signAllAsArkd(tx);
    refuses("changed", contentFor(tx, "checkpoint_txs", owners, SESSION_ID));
  });

  it("the ark tx is another one than in stage 1", () => {
    const { over, owners } = secondStage();
    const other = buildTx(withOutputs((o) => o.reverse()));
    signAllAsArkd(other);
    refuses("changed", contentFor(other, "checkpoint_txs", owners, SESSION_ID), over);
  });

  it("a checkpoint is missing, or one of another transaction stands in its place", () => {
    const { tx, owners, over } = secondStage();
    signAllAsArkd(tx);
    const content = contentFor(tx, "checkpoint_txs", owners, SESSION_ID);
    refuses("structure", withRef({ ...content, checkpoint_psbts: content.checkpoint_psbts.slice(1) }), over);
    const others = viewOf(ownVtxo("third", 15_000n), ownVtxo("fourth", 9_000n));
    const foreign = contentFor(buildTx(honestPlan(others)), "checkpoint_txs", owners, SESSION_ID);
    const mixed = [at(content.checkpoint_psbts, 0), at(foreign.checkpoint_psbts, 1)];
    refuses("structure", withRef({ ...content, checkpoint_psbts: mixed }), over);
  });

  it("arkd has signed nothing, or only my checkpoints, or everything but one ark input", () => {
    const { tx, owners, over } = secondStage();
    const challenge = (): Content => contentFor(tx, "checkpoint_txs", owners, SESSION_ID);
    refuses("server_signature", challenge(), over);
    for (const checkpoint of tx.checkpoints) signAsArkd(checkpoint, 0);
    refuses("server_signature", challenge(), over);
    signAsArkd(tx.ark, 0);
    signAsArkd(tx.ark, 1);
    refuses("server_signature", challenge(), over);
  });

  it("my checkpoint lacks arkd's signature", () => {
    const { tx, owners, over } = secondStage();
    signEvery(tx.ark);
    signAsArkd(at(tx.checkpoints, 0), 0);
    refuses("server_signature", contentFor(tx, "checkpoint_txs", owners, SESSION_ID), over);
  });

  it("the signatures are somebody else's", () => {
    const { tx, owners, over } = secondStage();
    for (let i = 0; i < tx.ark.inputsLength; i += 1) signAsArkd(tx.ark, i, { ...mallory, pubkey: arkd.pubkey });
    for (const checkpoint of tx.checkpoints) signAsArkd(checkpoint, 0);
    refuses("server_signature", contentFor(tx, "checkpoint_txs", owners, SESSION_ID), over);
  });
});

describe("a damaged PSBT", () => {
  it("is refused with a reason, or changes nothing that is signed", () => {
    const honest = stageOne();
    const sighashes = verifyChallenge(received(honest), options(view)).items.map((item) => item.sighash);
    let state = 7;
    const random = (below: number): number => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      return (state >>> 8) % below;
    };
    let refused = 0;
    for (let round = 0; round < 80; round += 1) {
      const psbts = [String(honest["ark_psbt"]), ...honest.checkpoint_psbts].map((psbt) => base64.decode(psbt));
      const bytes = at(psbts, random(psbts.length));
      const index = random(bytes.length);
      bytes[index] = (bytes[index] ?? 0) ^ (1 << random(8));
      const [ark_psbt = "", ...checkpoint_psbts] = psbts.map((psbt) => base64.encode(psbt));
      const content = withRef({ ...honest, ark_psbt, checkpoint_psbts });
      try {
        const { items } = verifyChallenge(received(content), options(view));
        expect(items.map((item) => item.sighash)).toEqual(sighashes);
      } catch (error) {
        expect(error).toBeInstanceOf(VerificationError);
        refused += 1;
      }
    }
    expect(refused).toBeGreaterThan(40);
  });
});

describe("assets on my inputs", () => {
  const assetId = asset.AssetId.create("aa".repeat(32), 0);
  const rich = viewOf(ownVtxo("rich", 24_000n, { assets: [{ assetId: assetId.toString(), amount: 50n }] }));

  function withPacket(groups: asset.AssetGroup[]): Content {
    const plan = honestPlan(rich);
    const packet = Extension.create([asset.Packet.create(groups)]).txOut();
    return stageOne({ ...plan, outputs: [...plan.outputs, { to: packet.script, sats: 0n }] });
  }
  const group = (vout: number, amount: bigint, id: asset.AssetId | null = assetId, vin: number | null = 0) =>
    asset.AssetGroup.create(
      id,
      null,
      vin === null ? [] : [asset.AssetInput.create(vin, 50n)],
      [asset.AssetOutput.create(vout, amount)],
      [],
    );
  const refusesRich = (reason: VerificationReason, content: Content): void =>
    refuses(reason, content, { vtxoView: rich });

  it("come back on the change of a sats transfer", () => {
    expect(verifyChallenge(received(withPacket([group(1, 50n)])), options(rich)).ok).toBe(true);
  });

  it("are not burnt by leaving out the packet or some units", () => {
    refusesRich("burn", stageOne(honestPlan(rich)));
    refusesRich("burn", withPacket([group(1, 49n)]));
  });

  it("do not go to the recipient or the gateway", () => {
    refusesRich("change", withPacket([group(0, 50n)]));
    refusesRich("change", withPacket([group(2, 50n)]));
  });

  it("are not a cover for an issuance", () => {
    refusesRich("issuance", withPacket([group(1, 50n), group(2, 7n, null, null)]));
  });

  it("cannot be invented: a packet about inputs that hold nothing is refused", () => {
    refuses("issuance", withPacketOn(view, group(1, 50n)));
  });

  function withPacketOn(holdings: typeof view, only: asset.AssetGroup): Content {
    const plan = honestPlan(holdings);
    const packet = Extension.create([asset.Packet.create([only])]).txOut();
    return stageOne({ ...plan, outputs: [...plan.outputs, { to: packet.script, sats: 0n }] });
  }
});

describe("sign_payload", () => {
  it("signs the tagged hash of the approved intent", async () => {
    const verified = verifyChallenge(received(aPayload(note)), approving(note));
    const answer = await signChallenge(verified, signer);
    expect(answer.signature).toMatch(/^[0-9a-f]{128}$/);
    expect(answer.signatures).toBeUndefined();
  });

  it("refuses a payload that is not the approved intent", () => {
    const other = { ...note, params: { text: "I owe you everything" } };
    refuses("digest", aPayload(other), { intent: { content: note, eventId: "e1".repeat(32) } });
    refuses("digest", aPayload({ ...note, type: "misc:sign_will" }), {
      intent: { content: note, eventId: "e1".repeat(32) },
    });
  });

  it("refuses a digest that is not the payload's, and a bare one", () => {
    const over = { intent: { content: note, eventId: "e1".repeat(32) } };
    refuses("digest", aPayload(note, { payload_to_sign: "00".repeat(32) }), over);
    const { payload: _payload, ...bare } = aPayload(note);
    refuses("digest", bare, over);
  });

  it("refuses the domain of another protocol, under which the signature would mean something else", () => {
    const { action_id, type, params } = note;
    const domain = "arkrelay/amm/v1";
    const payload_to_sign = taggedHash(domain, canonicalJson({ action_id, type, params }));
    const over = { intent: { content: note, eventId: "e1".repeat(32) } };
    refuses("digest", aPayload(note, { domain, payload_to_sign }), over);
  });

  it("refuses to sign a payload twice, or for somebody else's challenge", () => {
    const verified = verifyChallenge(received(aPayload(note)), approving(note));
    refuses("replayed", aPayload(note), { ...approving(note), answered: [verified.record] });
    expect(() => verifyChallenge(received(aPayload(note), mallory), approving(note))).toThrow(VerificationError);
  });
});

const note = { ...anIntent(), type: "misc:sign_note", params: { text: "I owe you 5" } };
const approving = (content: typeof note) => options(view, { intent: { content, eventId: "e1".repeat(32) } });

describe("signChallenge", () => {
  it("refuses an object that did not come from the verifier, a copy included", async () => {
    const verified = verifyChallenge(received(stageOne()), options(view));
    await expect(signChallenge({ ...verified }, signer)).rejects.toBeInstanceOf(VerificationError);
  });

  it("does not hand out a signature that does not verify", async () => {
    const verified = verifyChallenge(received(stageOne()), options(view));
    await expect(signChallenge(verified, secretKeySigner(mallory.secretKey))).rejects.toThrow(/does not verify/);
  });
});

function aPayload(
  intent: Pick<ReturnType<typeof anIntent>, "action_id" | "type" | "params">,
  over: Record<string, unknown> = {},
): Record<string, unknown> {
  const { action_id, type, params } = intent;
  const payload = { action_id, type, params };
  const domain = "arkrelay/misc/v1";
  const rest: Record<string, unknown> = { ...stageOne() };
  for (const key of ["items", "ark_psbt", "checkpoint_psbts", "params"]) delete rest[key];
  return {
    ...rest,
    type: "sign_payload",
    stage: null,
    domain,
    payload,
    payload_to_sign: taggedHash(domain, canonicalJson(payload)),
    payload_ref: payloadRef(payload),
    ...over,
  };
}

function signEvery(tx: Transaction): void {
  for (let i = 0; i < tx.inputsLength; i += 1) signAsArkd(tx, i);
}
