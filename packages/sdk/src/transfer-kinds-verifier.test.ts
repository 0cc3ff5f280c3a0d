import { Extension, asset } from "@arkade-os/sdk";

import { vtxoScriptHex } from "./ark-script.js";
import { VerificationError, type VerificationReason } from "./errors.js";
import type { IntentContent } from "./payloads.js";
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
  viewOf,
} from "./testing/fake-gateway.js";
import { type VerifyOptions, type WalletPins, verifyChallenge } from "./wallet-verifier.js";

const USD = `${"aa".repeat(32)}0000`;
const EUR = `${"bb".repeat(32)}0100`;
const pins: WalletPins = { ...plainPins, assets: { gUSD: USD, gEUR: EUR } };
const FEE = { fee_asset_id: "gBTC", fee_amount: 10 };
const EVENT_ID = "e1".repeat(32);

const plain = ownVtxo("plain", 20_000n);
const other = ownVtxo("other", 9_000n);
const mixed = ownVtxo("mixed", 2_000n, {
  assets: [
    { assetId: USD, amount: 50n },
    { assetId: EUR, amount: 7n },
  ],
});

type Entry = readonly [index: number, amount: bigint];
type Out = readonly [to: string, sats: bigint];

const group = (assetId: string, inputs: readonly Entry[], outputs: readonly Entry[]) =>
  asset.AssetGroup.create(
    asset.AssetId.fromString(assetId),
    null,
    inputs.map(([vin, amount]) => asset.AssetInput.create(vin, amount)),
    outputs.map(([vout, amount]) => asset.AssetOutput.create(vout, amount)),
    [],
  );

/** These VTXOs and the co-input in; these outputs and the co-input with the fee out. */
function planOf(
  view: VerifyOptions["vtxoView"],
  outputs: readonly Out[],
  groups: asset.AssetGroup[] = [],
  fee = 10n,
): TxPlan {
  const honest = honestPlan(view, 330n, fee);
  const coReturn = honest.outputs.at(-1);
  if (coReturn === undefined) throw new Error("the co-input comes back");
  const packet =
    groups.length === 0 ? [] : [{ to: Extension.create([asset.Packet.create(groups)]).serialize(), sats: 0n }];
  return { ...honest, outputs: [...outputs.map(([to, sats]) => ({ to, sats })), coReturn, ...packet] };
}

function verify(content: IntentContent, view: VerifyOptions["vtxoView"], plan: TxPlan) {
  const challenge = contentFor(
    buildTx(plan),
    "ark_tx",
    plan.inputs.map(({ owner }) => owner),
    SESSION_ID,
  );
  return verifyChallenge(received(challenge), options(view, { pins, intent: { content, eventId: EVENT_ID } }));
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

const me = alice.pubkey;

describe("the challenge of a split", () => {
  const view = viewOf(plain);
  const intent = (fields: object = {}): IntentContent => ({
    ...anIntent(),
    type: "vtxo:split",
    params: { vtxo_id: plain.vtxoId, split_amounts: [5_000, 330, 5_000], asset_id: "gBTC", ...FEE, ...fields },
  });
  const HONEST: readonly Out[] = [
    [me, 5_000n],
    [me, 330n],
    [me, 5_000n],
    [me, 9_660n],
  ];
  const judge = (outputs: readonly Out[], fields: object = {}, fee = 10n) =>
    reasonOf(() => verify(intent(fields), view, planOf(view, outputs, [], fee)));

  it("is signed when every part is there in its order and the rest comes back", () => {
    expect(verify(intent(), view, planOf(view, HONEST)).summary).toEqual({
      recipientPubkey: null,
      recipientVouts: [0, 1, 2],
      recipientUnits: [0n, 0n, 0n],
      amountSats: 10_330n,
      feeSats: 10n,
      asset: null,
      changeSats: 9_660n,
      changeVouts: [3],
    });
    expect(
      judge(
        [
          [me, 15_000n],
          [me, 4_990n],
        ],
        { split_amounts: [15_000, 4_990] },
      ),
    ).toBe("accepted");
  });

  it.each<[string, readonly Out[], VerificationReason, bigint?]>([
    [
      "a part goes to somebody",
      [
        [mallory.pubkey, 5_000n],
        [me, 330n],
        [me, 5_000n],
        [me, 9_660n],
      ],
      "amount",
    ],
    [
      "a part is left out",
      [
        [me, 5_000n],
        [me, 5_000n],
        [me, 9_990n],
      ],
      "amount",
    ],
    [
      "a part is another amount",
      [
        [me, 5_001n],
        [me, 330n],
        [me, 4_999n],
        [me, 9_660n],
      ],
      "amount",
    ],
    [
      "parts change places",
      [
        [me, 330n],
        [me, 5_000n],
        [me, 5_000n],
        [me, 9_660n],
      ],
      "amount",
    ],
    ["parts are put together", [[me, 19_990n]], "recipient"],
    [
      "the change goes to somebody",
      [
        [me, 5_000n],
        [me, 330n],
        [me, 5_000n],
        [mallory.pubkey, 9_660n],
      ],
      "change",
    ],
    [
      "the change comes in two",
      [
        [me, 5_000n],
        [me, 330n],
        [me, 5_000n],
        [me, 9_000n],
        [me, 660n],
      ],
      "extra_output",
    ],
    [
      "the gateway takes more",
      [
        [me, 5_000n],
        [me, 330n],
        [me, 5_000n],
        [me, 9_650n],
      ],
      "fee",
      20n,
    ],
  ])("is refused when %s", (_case, outputs, reason, ...[fee]) => {
    expect(judge(outputs, {}, fee)).toBe(reason);
  });

  it("is refused over another VTXO, or more than the one that was named", () => {
    const both = viewOf(plain, other);
    const rest: readonly Out[] = [...HONEST.slice(0, 3), [me, 18_660n]];
    expect(reasonOf(() => verify(intent(), both, planOf(both, rest)))).toBe("inputs");
    const wrong = viewOf(other);
    const parts: readonly Out[] = [
      [me, 4_000n],
      [me, 4_990n],
    ];
    expect(reasonOf(() => verify(intent({ split_amounts: [4_000, 4_990] }), wrong, planOf(wrong, parts)))).toBe(
      "inputs",
    );
  });

  describe("of units", () => {
    const rich = viewOf(mixed);
    const ofUnits = intent({ vtxo_id: mixed.vtxoId, split_amounts: [20, 1], asset_id: "gUSD" });
    const outputs: readonly Out[] = [
      [me, 330n],
      [me, 330n],
      [me, 1_330n],
    ];
    const usd = (to: readonly Entry[]) => group(USD, [[0, 50n]], to);
    const eur = (to: readonly Entry[]) => group(EUR, [[0, 7n]], to);
    const judgeUnits = (groups: asset.AssetGroup[], outs = outputs) =>
      reasonOf(() => verify(ofUnits, rich, planOf(rich, outs, groups)));

    it("is signed when each part has its units and whatever else is on the VTXO comes back", () => {
      const groups = [
        usd([
          [0, 20n],
          [1, 1n],
          [2, 29n],
        ]),
        eur([[2, 7n]]),
      ];
      expect(verify(ofUnits, rich, planOf(rich, outputs, groups)).summary).toMatchObject({
        recipientVouts: [0, 1],
        recipientUnits: [20n, 1n],
        asset: { name: "gUSD", units: 21n },
        changeVouts: [2],
      });
    });

    it.each<[string, asset.AssetGroup[], VerificationReason]>([
      [
        "units are burnt",
        [
          usd([
            [0, 20n],
            [1, 1n],
            [2, 28n],
          ]),
          eur([[2, 7n]]),
        ],
        "burn",
      ],
      [
        "units are made up",
        [
          usd([
            [0, 20n],
            [1, 1n],
            [2, 30n],
          ]),
          eur([[2, 7n]]),
        ],
        "issuance",
      ],
      [
        "another asset is left out",
        [
          usd([
            [0, 20n],
            [1, 1n],
            [2, 29n],
          ]),
        ],
        "burn",
      ],
      [
        "another asset lies on a part",
        [
          usd([
            [0, 20n],
            [1, 1n],
            [2, 29n],
          ]),
          eur([[0, 7n]]),
        ],
        "change",
      ],
      [
        "a part has another amount",
        [
          usd([
            [0, 19n],
            [1, 2n],
            [2, 29n],
          ]),
          eur([[2, 7n]]),
        ],
        "amount",
      ],
      [
        "a part has none",
        [
          usd([
            [0, 21n],
            [2, 29n],
          ]),
          eur([[2, 7n]]),
        ],
        "amount",
      ],
      [
        "the gateway gets some",
        [
          usd([
            [0, 20n],
            [1, 1n],
            [3, 29n],
          ]),
          eur([[2, 7n]]),
        ],
        "change",
      ],
      ["there is no packet", [], "burn"],
    ])("is refused when %s", (_case, groups, reason) => {
      expect(judgeUnits(groups)).toBe(reason);
    });

    it("leaves sats below dust under the first part", () => {
      const small = ownVtxo("small", 770n, { assets: [{ assetId: USD, amount: 21n }] });
      const own = viewOf(small);
      const content = intent({ vtxo_id: small.vtxoId, split_amounts: [20, 1], asset_id: "gUSD" });
      const groups = [
        group(
          USD,
          [[0, 21n]],
          [
            [0, 20n],
            [1, 1n],
          ],
        ),
      ];
      expect(
        reasonOf(() =>
          verify(
            content,
            own,
            planOf(
              own,
              [
                [me, 430n],
                [me, 330n],
              ],
              groups,
            ),
          ),
        ),
      ).toBe("accepted");
      expect(
        reasonOf(() =>
          verify(
            content,
            own,
            planOf(
              own,
              [
                [me, 330n],
                [me, 430n],
              ],
              groups,
            ),
          ),
        ),
      ).toBe("amount");
    });
  });
});

describe.each([
  ["vtxo:multi_transfer", "total_amount"],
  ["multi_vtxo_transfer", "total_amount"],
  ["vtxo:optimal_change", "amount_needed"],
  ["optimal_change", "amount_needed"],
])("the challenge of a %s", (type, amountParam) => {
  const view = viewOf(plain, other);
  const intent = (fields: object = {}): IntentContent => ({
    ...anIntent(),
    type,
    params: { asset_id: "gBTC", [amountParam]: 25_000, recipient_pubkey: bob.pubkey, ...FEE, ...fields },
  });
  const HONEST: readonly Out[] = [
    [bob.pubkey, 25_000n],
    [me, 3_990n],
  ];
  const judge = (outputs: readonly Out[], fields: object = {}, fee = 10n) =>
    reasonOf(() => verify(intent(fields), view, planOf(view, outputs, [], fee)));

  it("is signed when the recipient gets the amount and the rest comes back", () => {
    expect(verify(intent(), view, planOf(view, HONEST)).summary).toMatchObject({
      recipientPubkey: bob.pubkey,
      recipientVouts: [0],
      amountSats: 25_000n,
      changeSats: 3_990n,
    });
  });

  it.each<[string, readonly Out[], VerificationReason, bigint?]>([
    [
      "somebody else is paid",
      [
        [mallory.pubkey, 25_000n],
        [me, 3_990n],
      ],
      "recipient",
    ],
    [
      "the recipient gets less",
      [
        [bob.pubkey, 24_000n],
        [me, 4_990n],
      ],
      "amount",
    ],
    [
      "the recipient is paid twice",
      [
        [bob.pubkey, 25_000n],
        [bob.pubkey, 3_990n],
      ],
      "extra_output",
    ],
    [
      "the change is gone",
      [
        [bob.pubkey, 25_000n],
        [mallory.pubkey, 3_990n],
      ],
      "change",
    ],
    [
      "the fee is inflated",
      [
        [bob.pubkey, 25_000n],
        [me, 3_980n],
      ],
      "fee",
      20n,
    ],
  ])("is refused when %s", (_case, outputs, reason, ...[fee]) => {
    expect(judge(outputs, {}, fee)).toBe(reason);
  });

  it("pays units and burns none", () => {
    const rich = viewOf(mixed);
    const content = intent({ asset_id: "gUSD", [amountParam]: 20 });
    const outputs: readonly Out[] = [
      [bob.pubkey, 330n],
      [me, 1_660n],
    ];
    const eur = group(EUR, [[0, 7n]], [[1, 7n]]);
    const usd = group(
      USD,
      [[0, 50n]],
      [
        [0, 20n],
        [1, 30n],
      ],
    );
    expect(reasonOf(() => verify(content, rich, planOf(rich, outputs, [usd, eur])))).toBe("accepted");
    expect(reasonOf(() => verify(content, rich, planOf(rich, outputs, [usd])))).toBe("burn");
  });
});

it("spends no more of the wallet's VTXOs than a multi transfer allows, and exactly those it names", () => {
  const view = viewOf(...Array.from({ length: 6 }, (_, index) => ownVtxo(`coin ${String(index)}`, 1_000n)));
  const judge = (fields: object) => {
    const params = { asset_id: "gBTC", total_amount: 5_000, recipient_pubkey: bob.pubkey, ...FEE, ...fields };
    const content = { ...anIntent(), type: "vtxo:multi_transfer", params };
    return reasonOf(() =>
      verify(
        content,
        view,
        planOf(view, [
          [bob.pubkey, 5_000n],
          [me, 990n],
        ]),
      ),
    );
  };
  expect(judge({})).toBe("inputs");
  expect(judge({ max_inputs: 6 })).toBe("accepted");
  const ids = [...view.keys()];
  expect(judge({ max_inputs: 6, source_vtxos: ids })).toBe("accepted");
  expect(judge({ max_inputs: 6, source_vtxos: ids.slice(1) })).toBe("inputs");
});

it("makes no change below the dust limit that an optimal change states", () => {
  const view = viewOf(plain);
  const judge = (dust_limit: number) => {
    const params = { asset_id: "gBTC", amount_needed: 19_000, recipient_pubkey: bob.pubkey, dust_limit, ...FEE };
    const content = { ...anIntent(), type: "vtxo:optimal_change", params };
    return reasonOf(() =>
      verify(
        content,
        view,
        planOf(view, [
          [bob.pubkey, 19_000n],
          [me, 990n],
        ]),
      ),
    );
  };
  expect(judge(990)).toBe("accepted");
  expect(judge(991)).toBe("change");
});

it("refuses a land that would pay this wallet, though a split may", () => {
  const view = viewOf(plain);
  const params = { asset_id: "gBTC", amount: 5_000, lightning_invoice: "lnbc", fee_asset_id: "gBTC", fee_amount: 10 };
  const content = { ...anIntent(), type: "lightning:land", params };
  const landScript = vtxoScriptHex(me, plainPins);
  const plan = planOf(
    view,
    [
      [me, 5_010n],
      [me, 14_990n],
    ],
    [],
    0n,
  );
  const challenge = contentFor(
    buildTx(plan),
    "ark_tx",
    plan.inputs.map(({ owner }) => owner),
    SESSION_ID,
  );
  const over = { pins: { ...pins, landScript }, intent: { content, eventId: EVENT_ID } };
  expect(reasonOf(() => verifyChallenge(received(challenge), options(view, over)))).toBe("recipient");
});
