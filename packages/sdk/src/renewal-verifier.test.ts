import { Extension, asset } from "@arkade-os/sdk";

import { vtxoScriptHex, type WalletPins } from "./ark-script.js";
import { VerificationError } from "./errors.js";
import { createRenewIntent } from "./renewal.js";
import {
  bob,
  buildTx,
  contentFor,
  honestPlan,
  mallory,
  NOW,
  options,
  type Output,
  ownVtxo,
  pins as plainPins,
  received,
  SESSION_ID,
  type TxPlan,
  viewOf,
} from "./testing/fake-gateway.js";
import { type VerifyOptions, verifyChallenge } from "./wallet-verifier.js";

const { AssetGroup, AssetId, AssetInput, AssetOutput, Packet } = asset;

const GOLD = `${"aa".repeat(32)}0000`;
// Bob plays the gateway's land key.
const pins: WalletPins = { ...plainPins, landScript: vtxoScriptHex(bob.pubkey, plainPins) };
const plain = ownVtxo("plain", 24_000n);
const golden = ownVtxo("golden", 1_000n, { assets: [{ assetId: GOLD, amount: 70n }] });
const view = viewOf(plain, golden);
const intent = (vtxoIds: readonly string[] = [plain.vtxoId, golden.vtxoId]) =>
  createRenewIntent({ vtxoIds, actionId: "renew-0001", expiresAt: NOW + 600 });

type Units = readonly (readonly [vout: number, amount: bigint])[];

/** Each old VTXO on an output of its own to the land script, then the co-input as it was, then the packet. */
function renewalPlan(change: (outputs: Output[]) => void = () => undefined, units: Units | null = [[1, 70n]]): TxPlan {
  const plan = honestPlan(view);
  const [, , coInput] = plan.outputs;
  if (coInput === undefined) throw new Error("the plan has a co-input");
  const outputs: Output[] = [
    { to: bob.pubkey, sats: 24_000n },
    { to: bob.pubkey, sats: 1_000n },
    { to: coInput.to, sats: 1_000n },
  ];
  change(outputs);
  return { ...plan, outputs: units === null ? outputs : [...outputs, { to: packet(units), sats: 0n }] };
}

function packet(units: Units): Uint8Array {
  const outputs = units.map(([vout, amount]) => AssetOutput.create(vout, amount));
  const group = AssetGroup.create(AssetId.fromString(GOLD), null, [AssetInput.create(1, 70n)], outputs, []);
  return Extension.create([Packet.create([group])]).serialize();
}

function verify(plan: TxPlan, over: Partial<VerifyOptions> = {}) {
  const base = options(view, { pins });
  const owners = plan.inputs.map((input) => input.owner);
  const content = contentFor(buildTx(plan), "ark_tx", owners, SESSION_ID);
  return verifyChallenge(received(content), { ...base, intent: { ...base.intent, content: intent() }, ...over });
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

const asRenewal = (content: ReturnType<typeof intent>) => ({ intent: { ...options(view).intent, content } });

describe("the challenge of a renewal", () => {
  it("is signed when every sat and unit of the named VTXOs goes to the pinned land script", () => {
    expect(verify(renewalPlan()).summary).toEqual({
      recipientPubkey: null,
      amountSats: 25_000n,
      feeSats: 0n,
      asset: null,
      recipientVouts: [0, 1],
      recipientUnits: [0n, 0n],
      changeSats: 0n,
      changeVouts: [],
    });
  });

  it("is signed when they are joined on one output", () => {
    const joined = renewalPlan((outputs) => outputs.splice(0, 2, { to: bob.pubkey, sats: 25_000n }), [[0, 70n]]);
    expect(verify(joined).summary).toMatchObject({ amountSats: 25_000n, recipientVouts: [0] });
  });

  it.each([
    ["pays another key than the gateway's", "recipient", (outputs: Output[]) => all(outputs, mallory.pubkey)],
    ["pays somebody else one of them", "amount", (outputs: Output[]) => redirect(outputs, 0)],
    ["gives the gateway's co-input some of it", "amount", (outputs: Output[]) => move(outputs, 0, 2, 10n)],
    ["takes the co-input's sats along", "amount", (outputs: Output[]) => move(outputs, 2, 0, 10n)],
    ["pays the land script more often than there are VTXOs", "extra_output", (outputs: Output[]) => split(outputs, 0)],
  ] as const)("is refused when it %s", (_name, reason, change) => {
    expect(reasonOf(() => verify(renewalPlan(change)))).toBe(reason);
  });

  it.each([
    ["burns units by leaving them out", "burn", null],
    ["burns some of them", "burn", [[1, 69n]]],
    ["makes more of them", "issuance", [[1, 71n]]],
    ["gives units to the co-input", "change", [[2, 70n]]],
  ] as const)("is refused when it %s", (_name, reason, units) => {
    expect(reasonOf(() => verify(renewalPlan(undefined, units)))).toBe(reason);
  });

  it("is refused by a wallet that has pinned no land script, whatever it pays", () => {
    expect(reasonOf(() => verify(renewalPlan(), { pins: plainPins }))).toBe("pins");
  });

  it("is refused when it takes other VTXOs than the intent names", () => {
    expect(reasonOf(() => verify(renewalPlan(), asRenewal(intent([plain.vtxoId]))))).toBe("inputs");
    const other = `${"0d".repeat(32)}:0`;
    expect(reasonOf(() => verify(renewalPlan(), asRenewal(intent([plain.vtxoId, golden.vtxoId, other]))))).toBe(
      "inputs",
    );
  });

  it("is refused for a fee, and when it is passed off as a transfer", () => {
    const content = intent();
    const priced = { ...content, params: { ...content.params, fee_amount: 10 } };
    expect(reasonOf(() => verify(renewalPlan(), asRenewal(priced)))).toBe("fee");
    expect(reasonOf(() => verify(renewalPlan(), { intent: options(view).intent }))).not.toBe("accepted");
  });
});

function at(outputs: readonly Output[], index: number): Output {
  const output = outputs[index];
  if (output === undefined) throw new Error(`no output ${index}`);
  return output;
}

function redirect(outputs: Output[], index: number): void {
  outputs[index] = { ...at(outputs, index), to: mallory.pubkey };
}

function all(outputs: Output[], to: string): void {
  for (const index of [0, 1]) outputs[index] = { ...at(outputs, index), to };
}

function move(outputs: Output[], from: number, to: number, sats: bigint): void {
  outputs[from] = { ...at(outputs, from), sats: at(outputs, from).sats - sats };
  outputs[to] = { ...at(outputs, to), sats: at(outputs, to).sats + sats };
}

function split(outputs: Output[], index: number): void {
  outputs[index] = { ...at(outputs, index), sats: at(outputs, index).sats - 1_000n };
  outputs.push({ to: at(outputs, index).to, sats: 1_000n });
}
