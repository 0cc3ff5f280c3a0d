import { Extension, UnknownPacket, asset } from "@arkade-os/sdk";
import { hex } from "@scure/base";

import { vtxoScriptHex } from "./ark-script.js";
import { VerificationError, type VerificationReason } from "./errors.js";
import type { IntentContent } from "./payloads.js";
import { secretKeySigner } from "./secret-key-signer.js";
import {
  SESSION_ID,
  type TxPlan,
  alice,
  anIntent,
  bob,
  buildTx,
  contentFor,
  honestPlan,
  mallory,
  options,
  ownVtxo,
  pins as plainPins,
  received,
  signAllAsArkd,
  viewOf,
} from "./testing/fake-gateway.js";
import { type VerifyOptions, type WalletPins, signChallenge, verifyChallenge } from "./wallet-verifier.js";

const { AssetGroup, AssetId, AssetInput, AssetOutput, AssetRef, Metadata, Packet } = asset;

const USD = `${"aa".repeat(32)}0000`;
const EUR = `${"bb".repeat(32)}0100`;
const pins: WalletPins = { ...plainPins, assets: { gUSD: USD, gEUR: EUR } };

/** 50 gUSD and 7 gEUR on 5 000 sats, 30 gUSD on 1 000, and plain sats. */
const view = viewOf(
  ownVtxo("both", 5_000n, {
    assets: [
      { assetId: USD, amount: 50n },
      { assetId: EUR, amount: 7n },
    ],
  }),
  ownVtxo("usd", 1_000n, { assets: [{ assetId: USD, amount: 30n }] }),
  ownVtxo("plain", 4_000n),
);
const intent = (params: Record<string, unknown> = {}): IntentContent =>
  anIntent({ asset_id: "gUSD", amount: 60, ...params });

type Entry = readonly [index: number, amount: bigint];

function group(
  assetId: string,
  inputs: readonly Entry[],
  outputs: readonly Entry[],
  metadata: readonly [string, string][] = [],
) {
  const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
  return AssetGroup.create(
    AssetId.fromString(assetId),
    null,
    inputs.map(([vin, amount]) => AssetInput.create(vin, amount)),
    outputs.map(([vout, amount]) => AssetOutput.create(vout, amount)),
    metadata.map(([key, value]) => Metadata.create(utf8(key), utf8(value))),
  );
}

/** Bob gets 60 gUSD on 330 sats; 20 gUSD, 7 gEUR and the sats come back: outputs 0 and 1, the co-input is output 2. */
const USD_INPUTS: readonly Entry[] = [
  [0, 50n],
  [1, 30n],
];
const usd = (outputs: readonly Entry[]) => group(USD, USD_INPUTS, outputs);
const eur = (outputs: readonly Entry[]) => group(EUR, [[0, 7n]], outputs);
const HONEST = [
  usd([
    [0, 60n],
    [1, 20n],
  ]),
  eur([[1, 7n]]),
];

const packet = (groups: readonly asset.AssetGroup[]): Uint8Array =>
  Extension.create([Packet.create([...groups])]).serialize();

function planWith(script: Uint8Array | null, change: (plan: TxPlan) => TxPlan = (plan) => plan): TxPlan {
  const plan = change(honestPlan(view, 330n));
  return script === null ? plan : { ...plan, outputs: [...plan.outputs, { to: script, sats: 0n }] };
}

const ownersOf = (plan: TxPlan): string[] => plan.inputs.map((input) => input.owner);

function verify(plan: TxPlan, over: Partial<VerifyOptions> = {}) {
  const content = contentFor(buildTx(plan), "ark_tx", ownersOf(plan), SESSION_ID);
  const approved = { content: intent(), eventId: "e1".repeat(32) };
  return verifyChallenge(received(content), options(view, { pins, intent: approved, ...over }));
}

function reasonOf(run: () => unknown): VerificationReason | "accepted" {
  try {
    run();
  } catch (error) {
    if (error instanceof VerificationError) return error.reason;
    throw error;
  }
  return "accepted";
}

const approving = (params: Record<string, unknown>): Partial<VerifyOptions> => ({
  intent: { content: intent(params), eventId: "e1".repeat(32) },
});

/** Rewrites the first output that pays a key. */
function redirect(plan: TxPlan, index: number, to: string | Uint8Array, sats?: bigint): TxPlan {
  return {
    ...plan,
    outputs: plan.outputs.map((output, i) => (i === index ? { to, sats: sats ?? output.sats } : output)),
  };
}

describe("an honest gateway", () => {
  it("gets both stages of a transfer of an asset signed, and the summary says what moves", async () => {
    const plan = planWith(packet(HONEST));
    const first = verify(plan);
    expect(first.summary).toEqual({
      recipientPubkey: bob.pubkey,
      recipientVouts: [0],
      recipientUnits: [60n],
      amountSats: 330n,
      feeSats: 10n,
      asset: { name: "gUSD", arkAssetId: USD, units: 60n },
      changeSats: 9_660n,
      changeVouts: [1],
    });
    const signer = secretKeySigner(alice.secretKey);
    expect((await signChallenge(first, signer)).signatures).toHaveLength(3);

    const tx = buildTx(plan);
    signAllAsArkd(tx);
    const content = contentFor(tx, "checkpoint_txs", ownersOf(plan), SESSION_ID);
    const approved = { content: intent(), eventId: "e1".repeat(32) };
    const over = { pins, intent: approved, answered: [first.record], previous: first.record };
    const second = verifyChallenge(received(content), options(view, over));
    expect((await signChallenge(second, signer)).signatures).toHaveLength(3);
  });

  it("may send all units of an asset, so that none comes back", () => {
    const all = packet([usd([[0, 80n]]), eur([[1, 7n]])]);
    expect(reasonOf(() => verify(planWith(all), approving({ amount: 80 })))).toBe("accepted");
  });

  it("may empty a VTXO into the recipient's when nothing is left over, or dust that the intent gives away", () => {
    const only = (sats: bigint) => viewOf(ownVtxo("only", sats, { assets: [{ assetId: USD, amount: 5n }] }));
    const emptying = (sats: bigint, toBob: bigint): TxPlan => {
      const plan = honestPlan(only(sats), toBob);
      const outputs = plan.outputs.filter((output) => output.to !== alice.pubkey);
      return { ...plan, outputs: [...outputs, { to: packet([group(USD, [[0, 5n]], [[0, 5n]])]), sats: 0n }] };
    };
    const run = (sats: bigint, toBob: bigint, policy: Record<string, unknown> = {}) =>
      reasonOf(() => verify(emptying(sats, toBob), { vtxoView: only(sats), ...approving({ amount: 5, ...policy }) }));
    expect(run(340n, 330n)).toBe("accepted");
    expect(run(600n, 590n)).toBe("amount");
    expect(run(600n, 590n, { dust_policy: "to_recipient" })).toBe("accepted");
    expect(run(1_000n, 990n, { dust_policy: "to_recipient" })).toBe("amount");
  });
});

describe("change of more assets than a VTXO may carry", () => {
  const idOf = (index: number) => `${(index + 1).toString(16).padStart(64, "0")}0000`;
  const own = (count: number) =>
    ownVtxo(`many ${count}`, 9_000n, {
      assets: [
        { assetId: USD, amount: 5n },
        ...Array.from({ length: count - 1 }, (_, i) => ({ assetId: idOf(i), amount: 1n })),
      ],
    });
  /** Two outputs to alice: the first 109 of her other assets on one, the rest on the other. */
  const spread = (count: number, secondTo: string | Uint8Array = alice.pubkey): [TxPlan, Partial<VerifyOptions>] => {
    const vtxoView = viewOf(own(count));
    const plan = honestPlan(vtxoView, 330n);
    const [toBob, change, coInput] = plan.outputs;
    if (toBob === undefined || change === undefined || coInput === undefined) throw new Error("an honest plan");
    const groups = Array.from({ length: count - 1 }, (_, i) => group(idOf(i), [[0, 1n]], [[i < 109 ? 1 : 2, 1n]]));
    const outputs = [toBob, { ...change, sats: change.sats - 330n }, { to: secondTo, sats: 330n }, coInput];
    const script = packet([group(USD, [[0, 5n]], [[0, 5n]]), ...groups]);
    return [
      { ...plan, outputs: [...outputs, { to: script, sats: 0n }] },
      { vtxoView, ...approving({ amount: 5 }) },
    ];
  };

  it("may come back on several outputs, all of them mine", () => {
    const [plan, over] = spread(112);
    expect(verify(plan, over).summary).toMatchObject({ changeSats: 8_660n, changeVouts: [1, 2] });
  });

  it("may not be spread further than its assets need, nor to somebody else", () => {
    const few = spread(110);
    expect(reasonOf(() => verify(...few))).toBe("extra_output");
    const stolen = spread(112, mallory.pubkey);
    expect(reasonOf(() => verify(...stolen))).toBe("extra_output");
  });
});

describe("a transfer of an asset is refused when the gateway", () => {
  it.each<[string, VerificationReason, TxPlan]>([
    ["leaves out the packet", "burn", planWith(null)],
    [
      "leaves out an asset that rides along",
      "burn",
      planWith(
        packet([
          usd([
            [0, 60n],
            [1, 20n],
          ]),
        ]),
      ),
    ],
    [
      "pays fewer units and burns the rest",
      "burn",
      planWith(
        packet([
          usd([
            [0, 59n],
            [1, 20n],
          ]),
          eur([[1, 7n]]),
        ]),
      ),
    ],
    [
      "pays fewer units and keeps the rest on my change",
      "amount",
      planWith(
        packet([
          usd([
            [0, 59n],
            [1, 21n],
          ]),
          eur([[1, 7n]]),
        ]),
      ),
    ],
    [
      "pays more units out of my change",
      "amount",
      planWith(
        packet([
          usd([
            [0, 61n],
            [1, 19n],
          ]),
          eur([[1, 7n]]),
        ]),
      ),
    ],
    [
      "makes up units for the recipient",
      "issuance",
      planWith(
        packet([
          usd([
            [0, 61n],
            [1, 20n],
          ]),
          eur([[1, 7n]]),
        ]),
      ),
    ],
    ["gives the recipient nothing", "recipient", planWith(packet([usd([[1, 80n]]), eur([[1, 7n]])]))],
    [
      "swaps the outputs of recipient and change",
      "amount",
      planWith(
        packet([
          usd([
            [0, 20n],
            [1, 60n],
          ]),
          eur([[1, 7n]]),
        ]),
      ),
    ],
    [
      "sends my change of the asset to itself",
      "change",
      planWith(
        packet([
          usd([
            [0, 60n],
            [2, 20n],
          ]),
          eur([[1, 7n]]),
        ]),
      ),
    ],
    [
      "sends another asset of mine to itself",
      "change",
      planWith(
        packet([
          usd([
            [0, 60n],
            [1, 20n],
          ]),
          eur([[2, 7n]]),
        ]),
      ),
    ],
    [
      "sends another asset of mine to the recipient",
      "change",
      planWith(
        packet([
          usd([
            [0, 60n],
            [1, 20n],
          ]),
          eur([[0, 7n]]),
        ]),
      ),
    ],
    [
      "names an output that is not there",
      "change",
      planWith(
        packet([
          usd([
            [0, 60n],
            [9, 20n],
          ]),
          eur([[1, 7n]]),
        ]),
      ),
    ],
    [
      "names the packet's own output",
      "change",
      planWith(
        packet([
          usd([
            [0, 60n],
            [3, 20n],
          ]),
          eur([[1, 7n]]),
        ]),
      ),
    ],
    ["leaves one of my inputs out", "issuance", planWith(packet([group(USD, [[0, 50n]], [[0, 50n]]), eur([[1, 7n]])]))],
    [
      "states other units of an input",
      "burn",
      planWith(
        packet([
          group(
            USD,
            [
              [0, 60n],
              [1, 20n],
            ],
            [
              [0, 60n],
              [1, 20n],
            ],
          ),
          eur([[1, 7n]]),
        ]),
      ),
    ],
    [
      "counts the co-input as mine",
      "issuance",
      planWith(
        packet([
          group(
            USD,
            [...USD_INPUTS, [3, 5n]],
            [
              [0, 60n],
              [1, 25n],
            ],
          ),
          eur([[1, 7n]]),
        ]),
      ),
    ],
    [
      "adds a group of another asset",
      "issuance",
      planWith(packet([...HONEST, group(`${"cc".repeat(32)}0000`, [[0, 1n]], [[2, 1n]])])),
    ],
    [
      "adds an issuance",
      "issuance",
      planWith(packet([...HONEST, AssetGroup.create(null, null, [], [AssetOutput.create(2, 7n)], [])])),
    ],
    [
      "adds an issuance under my asset",
      "issuance",
      planWith(
        packet([
          ...HONEST,
          AssetGroup.create(null, AssetRef.fromId(AssetId.fromString(USD)), [], [AssetOutput.create(1, 7n)], []),
        ]),
      ),
    ],
    [
      "adds metadata",
      "issuance",
      planWith(
        packet([
          group(
            USD,
            USD_INPUTS,
            [
              [0, 60n],
              [1, 20n],
            ],
            [["name", "mine"]],
          ),
          eur([[1, 7n]]),
        ]),
      ),
    ],
    [
      "adds a packet of a kind unknown here",
      "issuance",
      planWith(Extension.create([Packet.create(HONEST), new UnknownPacket(9, Uint8Array.of(1))]).serialize()),
    ],
    ["marks a group with a bit unknown here", "issuance", planWith(withUnknownBit(packet(HONEST)))],
    [
      "takes the units as an intent's",
      "burn",
      planWith(
        packet([
          AssetGroup.create(
            AssetId.fromString(EUR),
            null,
            [AssetInput.createIntent("dd".repeat(32), 0, 7n)],
            [AssetOutput.create(1, 7n)],
            [],
          ),
          usd([
            [0, 60n],
            [1, 20n],
          ]),
        ]),
      ),
    ],
    [
      "redirects the recipient's output",
      "recipient",
      planWith(packet(HONEST), (plan) => redirect(plan, 0, mallory.pubkey)),
    ],
    ["redirects my change", "change", planWith(packet(HONEST), (plan) => redirect(plan, 1, mallory.pubkey))],
    [
      "gives the recipient more of my sats than it takes to carry the units",
      "amount",
      planWith(packet(HONEST), (plan) => redirect(redirect(plan, 0, bob.pubkey, 1_000n), 1, alice.pubkey, 8_990n)),
    ],
    [
      "takes a higher fee out of my change",
      "fee",
      planWith(packet(HONEST), (plan) => {
        const [, , coInput] = plan.outputs;
        if (coInput === undefined) throw new Error("the co-input comes back");
        return redirect(redirect(plan, 1, alice.pubkey, 9_000n), 2, coInput.to, coInput.sats + 660n);
      }),
    ],
  ])("%s", (_what, reason, plan) => {
    expect(reasonOf(() => verify(plan))).toBe(reason);
  });

  it("moves another asset than the user approved", () => {
    expect(reasonOf(() => verify(planWith(packet(HONEST)), approving({ asset_id: "gEUR", amount: 7 })))).toBe("change");
  });

  it("pays an asset that none of my inputs carries", () => {
    const more = { ...pins, assets: { ...pins.assets, gold: `${"ee".repeat(32)}0000` } };
    const over = { pins: more, ...approving({ asset_id: "gold", amount: 1 }) };
    const back = packet([usd([[1, 80n]]), eur([[1, 7n]])]);
    expect(reasonOf(() => verify(planWith(back), over))).toBe("amount");
  });

  it("deals in an asset that the wallet has not pinned, be it by a name of every object", () => {
    for (const asset_id of ["gold", "constructor", USD]) {
      expect(reasonOf(() => verify(planWith(packet(HONEST)), approving({ asset_id })))).toBe("unsupported");
    }
    expect(reasonOf(() => verify(planWith(packet(HONEST)), { pins: plainPins }))).toBe("unsupported");
  });

  it("wants its fee in anything but gBTC", () => {
    expect(reasonOf(() => verify(planWith(packet(HONEST)), approving({ fee_asset_id: "gUSD" })))).toBe("fee");
  });
});

describe("a land of an asset", () => {
  const landPins = { ...pins, landScript: vtxoScriptHex(mallory.pubkey, plainPins) };
  const land = (params: Record<string, unknown> = {}): Partial<VerifyOptions> => ({
    pins: landPins,
    intent: {
      content: {
        ...anIntent(),
        type: "lightning:land",
        params: {
          asset_id: "gUSD",
          amount: 59,
          lightning_invoice: "lnbcrt1",
          fee_asset_id: "gUSD",
          fee_amount: 1,
          ...params,
        },
      },
      eventId: "e1".repeat(32),
    },
  });
  /** The co-input comes back as it was, so its ten sats stay with me. */
  const plan = planWith(packet(HONEST), (each) =>
    redirect(
      redirect(redirect(each, 0, mallory.pubkey), 1, alice.pubkey, 9_670n),
      2,
      each.outputs[2]?.to ?? "",
      1_000n,
    ),
  );

  it("is signed when amount and fee in units go to the pinned script and the rest comes back", () => {
    expect(verify(plan, land()).summary).toMatchObject({
      recipientPubkey: null,
      amountSats: 330n,
      feeSats: 0n,
      asset: { name: "gUSD", arkAssetId: USD, units: 60n },
    });
  });

  it("is refused with another fee, or with its fee in another asset", () => {
    expect(reasonOf(() => verify(plan, land({ fee_amount: 2 })))).toBe("amount");
    expect(reasonOf(() => verify(plan, land({ fee_asset_id: "gBTC" })))).toBe("fee");
  });
});

/** A presence bit that arkd has no name for, in the first group. */
function withUnknownBit(script: Uint8Array): Uint8Array {
  const text = hex.encode(script);
  const changed = text.replace(/(41524b00..0[0-9a-f])01/, "$109");
  if (changed === text) throw new Error("no group to change");
  return hex.decode(changed);
}
