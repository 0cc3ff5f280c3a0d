import { Extension, asset } from "@arkade-os/sdk";

import { VerificationError, type VerificationReason } from "./errors.js";
import type { IntentContent } from "./payloads.js";
import { secretKeySigner } from "./secret-key-signer.js";
import {
  type Content,
  NOW,
  type TxPlan,
  alice,
  bob,
  buildTx,
  contentFor,
  mallory,
  options,
  ownVtxo,
  pins as plainPins,
  received,
  SESSION_ID,
  signAllAsArkd,
  viewOf,
  withRef,
} from "./testing/fake-gateway.js";
import { type VerifyOptions, type WalletPins, signChallenge, verifyChallenge } from "./wallet-verifier.js";

const { AssetGroup, AssetId, AssetInput, AssetOutput, AssetRef, Packet } = asset;

const USD = `${"aa".repeat(32)}0000`;
const EUR = `${"bb".repeat(32)}0100`;
const LP = `${"cc".repeat(32)}0000`;
const pins: WalletPins = { ...plainPins, assets: { gUSD: USD, gEUR: EUR, gLP: LP } };
const INTENT_ID = "e1".repeat(32);

/** Alice holds 150 gUSD and 7 gEUR on 1 000 sats, and sells 100 gUSD for 20 000 sats. */
const view = viewOf(
  ownVtxo("usd", 1_000n, {
    assets: [
      { assetId: USD, amount: 150n },
      { assetId: EUR, amount: 7n },
    ],
  }),
);
const [coin] = [...view.keys()];

function anIntent(params: Record<string, unknown> = {}, over: Partial<IntentContent> = {}): IntentContent {
  return {
    action_id: "swap-usd-0001",
    type: "atomic_swap",
    params: {
      swap_id: "swap-0001",
      give: [{ asset_id: "gUSD", amount: 100 }],
      receive: [{ asset_id: "gBTC", amount: 20_000 }],
      counterparties: [bob.pubkey],
      fee_asset_id: "gBTC",
      fee_amount: 10,
      ...params,
    },
    expires_at: NOW + 600,
    ...over,
  };
}

type Entry = readonly [index: number, amount: bigint];

function group(assetId: string, inputs: readonly Entry[], outputs: readonly Entry[]) {
  return AssetGroup.create(
    AssetId.fromString(assetId),
    null,
    inputs.map(([vin, amount]) => AssetInput.create(vin, amount)),
    outputs.map(([vout, amount]) => AssetOutput.create(vout, amount)),
    [],
  );
}

interface Shape {
  readonly outputs: readonly { readonly to: string; readonly sats: bigint }[];
  readonly groups: readonly asset.AssetGroup[];
}

const CO_OWNER = mallory.pubkey;
const BOB_COIN = { vtxoId: `${"b0".repeat(32)}:0`, sats: 50_000n, owner: bob.pubkey };
const CO_INPUT = { vtxoId: `${"c0".repeat(32)}:3`, sats: 1_000n, owner: CO_OWNER };

/** Alice's payment, Bob's units on 330 sats, Alice's change with what she keeps, Bob's change, the co-input and both fees. */
const HONEST: Shape = {
  outputs: [
    { to: alice.pubkey, sats: 20_000n },
    { to: bob.pubkey, sats: 330n },
    { to: alice.pubkey, sats: 990n },
    { to: bob.pubkey, sats: 29_660n },
    { to: CO_OWNER, sats: 1_020n },
  ],
  groups: [
    group(
      USD,
      [[0, 150n]],
      [
        [1, 100n],
        [2, 50n],
      ],
    ),
    group(EUR, [[0, 7n]], [[2, 7n]]),
  ],
};

function planOf({ outputs, groups }: Shape): TxPlan {
  const packet = (): Uint8Array => Extension.create([Packet.create([...groups])]).serialize();
  return {
    inputs: [{ vtxoId: coin ?? "", sats: 1_000n, owner: alice.pubkey }, BOB_COIN, CO_INPUT],
    outputs: [...outputs, ...(groups.length === 0 ? [] : [{ to: packet(), sats: 0n }])],
    arkdPins: pins,
  };
}

const OWNERS = [alice.pubkey, bob.pubkey, CO_OWNER];

function approving(content: IntentContent, over: Partial<VerifyOptions> = {}): VerifyOptions {
  return options(view, { pins, intent: { content, eventId: INTENT_ID }, ...over });
}

function verify(shape: Shape, content = anIntent(), over: Partial<VerifyOptions> = {}) {
  return verifyChallenge(
    received(contentFor(buildTx(planOf(shape)), "ark_tx", OWNERS, "any session of a batch")),
    approving(content, over),
  );
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

const withOutput = (index: number, change: Partial<Shape["outputs"][number]>): Shape => ({
  ...HONEST,
  outputs: HONEST.outputs.map((output, i) => (i === index ? { ...output, ...change } : output)),
});
/** The same sum over all: what one output loses another gets. */
const shifting = (from: number, to: number, sats: bigint): Shape => ({
  ...HONEST,
  outputs: HONEST.outputs.map((output, i) => ({
    ...output,
    sats: output.sats + (i === to ? sats : 0n) - (i === from ? sats : 0n),
  })),
});
const withGroups = (...groups: readonly asset.AssetGroup[]): Shape => ({ ...HONEST, groups });
const [, eur = group(EUR, [], [])] = HONEST.groups;

describe("an honest swap", () => {
  it("gets both stages signed, and the summary says what moves", async () => {
    const tx = buildTx(planOf(HONEST));
    const first = verifyChallenge(received(contentFor(tx, "ark_tx", OWNERS, "s1")), approving(anIntent()));
    expect(first.swap).toEqual({ give: { [USD]: 100n }, receive: { sats: 20_000n }, feeSats: 10n, vouts: [0, 2] });
    expect(first.summary).toBeNull();
    expect((await signChallenge(first, secretKeySigner(alice.secretKey))).signatures).toHaveLength(1);
    signAllAsArkd(tx);
    const second = verifyChallenge(
      received(contentFor(tx, "checkpoint_txs", OWNERS, "s1")),
      approving(anIntent(), { answered: [first.record], previous: first.record }),
    );
    expect((await signChallenge(second, secretKeySigner(alice.secretKey))).signatures).toHaveLength(1);
  });

  it("may pay more than a minimum, and never less", () => {
    const open = (min_amount: number) => anIntent({ receive: [{ asset_id: "gBTC", min_amount }] });
    expect(verify(HONEST, open(19_000)).swap?.receive).toEqual({ sats: 20_000n });
    expect(reasonOf(() => verify(HONEST, open(20_001)))).toBe("change");
  });

  it("is read from a solver's own type as well", () => {
    const params = { in_asset: "gUSD", in_amount: 100, out_asset: "gBTC", min_out_amount: 19_500, pool_id: "p1" };
    const { fee_asset_id, fee_amount } = anIntent().params;
    const content = { ...anIntent(), type: "amm:swap", params: { ...params, fee_asset_id, fee_amount } };
    expect(verify(HONEST, content).swap?.receive).toEqual({ sats: 20_000n });
  });

  it("spreads what is mine over any outputs of mine", () => {
    const merged = withOutput(0, { to: alice.pubkey, sats: 20_990n });
    const { outputs } = merged;
    const shape = {
      outputs: outputs.filter((_, index) => index !== 2),
      groups: [
        group(
          USD,
          [[0, 150n]],
          [
            [1, 100n],
            [0, 50n],
          ],
        ),
        group(EUR, [[0, 7n]], [[0, 7n]]),
      ],
    };
    expect(reasonOf(() => verify(shape))).toBe("accepted");
  });
});

describe("a dishonest swap is refused when", () => {
  it.each<[string, Shape, VerificationReason]>([
    ["I get less than I am owed", shifting(0, 3, 1n), "change"],
    ["I get more than I asked for", shifting(3, 0, 1n), "amount"],
    ["the fee taken of me is larger", shifting(2, 4, 10n), "change"],
    ["my payment goes to somebody else", withOutput(0, { to: mallory.pubkey }), "change"],
    ["my change goes to somebody else", withOutput(2, { to: mallory.pubkey }), "change"],
    ["sats vanish", withOutput(3, { sats: 29_000n }), "amount"],
    [
      "more units of mine are given",
      withGroups(
        group(
          USD,
          [[0, 150n]],
          [
            [1, 101n],
            [2, 49n],
          ],
        ),
        eur,
      ),
      "change",
    ],
    [
      "units of mine are burnt",
      withGroups(
        group(
          USD,
          [[0, 150n]],
          [
            [1, 100n],
            [2, 49n],
          ],
        ),
        eur,
      ),
      "burn",
    ],
    [
      "units are created",
      withGroups(
        group(
          USD,
          [[0, 150n]],
          [
            [1, 101n],
            [2, 50n],
          ],
        ),
        eur,
      ),
      "issuance",
    ],
    [
      "an asset of mine is left out",
      withGroups(
        group(
          USD,
          [[0, 150n]],
          [
            [1, 100n],
            [2, 50n],
          ],
        ),
      ),
      "burn",
    ],
    [
      "my other asset goes to the counterparty",
      withGroups(
        group(
          USD,
          [[0, 150n]],
          [
            [1, 100n],
            [2, 50n],
          ],
        ),
        group(EUR, [[0, 7n]], [[1, 7n]]),
      ),
      "change",
    ],
    [
      "my input is listed with fewer units",
      withGroups(
        group(
          USD,
          [[0, 149n]],
          [
            [1, 100n],
            [2, 49n],
          ],
        ),
        eur,
      ),
      "burn",
    ],
    ["there is no packet", withGroups(), "burn"],
    [
      "the packet issues an asset",
      withGroups(
        group(
          USD,
          [[0, 150n]],
          [
            [1, 100n],
            [2, 50n],
          ],
        ),
        eur,
        AssetGroup.create(null, AssetRef.fromGroupIndex(0), [], [AssetOutput.create(0, 5n)], []),
      ),
      "issuance",
    ],
    ["an output of mine is below dust", shifting(2, 0, 700n), "amount"],
  ])("%s", (_case, shape, reason) => {
    expect(reasonOf(() => verify(shape))).toBe(reason);
  });

  it("I do not get the units I asked for", () => {
    const content = anIntent({
      receive: [
        { asset_id: "gLP", amount: 5 },
        { asset_id: "gBTC", amount: 20_000 },
      ],
    });
    expect(reasonOf(() => verify(HONEST, content))).toBe("amount");
    const paying = withGroups(
      ...HONEST.groups,
      group(
        LP,
        [[1, 9n]],
        [
          [0, 5n],
          [3, 4n],
        ],
      ),
    );
    expect(reasonOf(() => verify(paying, content))).toBe("accepted");
    const short = withGroups(
      ...HONEST.groups,
      group(
        LP,
        [[1, 9n]],
        [
          [0, 4n],
          [3, 5n],
        ],
      ),
    );
    expect(reasonOf(() => verify(short, content))).toBe("change");
  });

  it("units come to me that I did not ask for", () => {
    const dusted = withGroups(...HONEST.groups, group(LP, [[1, 9n]], [[0, 9n]]));
    expect(reasonOf(() => verify(dusted))).toBe("amount");
  });

  it("an asset of the intent is not pinned", () => {
    const content = anIntent({ give: [{ asset_id: "gXAU", amount: 1 }] });
    expect(reasonOf(() => verify(HONEST, content))).toBe("unsupported");
  });

  it.each([{ min_out_amount: 4 }, { recipient_pubkey: bob.pubkey }])(
    "my intent says %j where nobody is held to it",
    (extra) => {
      expect(reasonOf(() => verify(HONEST, { ...anIntent(), ...extra }))).toBe("unsupported");
    },
  );

  it("its challenge is about another intent", () => {
    const content = contentFor(buildTx(planOf(HONEST)), "ark_tx", OWNERS, SESSION_ID);
    const other = received(content, undefined, "e2".repeat(32));
    expect(reasonOf(() => verifyChallenge(other, approving(anIntent())))).toBe("origin");
  });

  it("I am asked to sign an input of somebody else", () => {
    const content = contentFor(buildTx(planOf(HONEST)), "ark_tx", [alice.pubkey, alice.pubkey, CO_OWNER], SESSION_ID);
    expect(reasonOf(() => verifyChallenge(received(content), approving(anIntent())))).toBe("foreign_input");
  });
});

describe("checkpoints signed ahead", () => {
  const tx = buildTx(planOf(HONEST));
  const presigning = (): Content => {
    const [ark, checkpoint] = (["ark_tx", "checkpoint_txs"] as const).map((stage) =>
      contentFor(tx, stage, OWNERS, SESSION_ID),
    );
    if (ark === undefined || checkpoint === undefined) throw new Error("two stages");
    return withRef({ ...ark, items: [...ark.items, ...checkpoint.items], context: { human: "", presign: true } });
  };

  it("are answered apart from the ark tx, when the wallet allows it", async () => {
    const verified = verifyChallenge(received(presigning()), approving(anIntent(), { allowPresign: true }));
    const response = await signChallenge(verified, secretKeySigner(alice.secretKey));
    expect(response.signatures?.map(({ txid }) => txid)).toEqual([tx.ark.id]);
    expect(response.checkpoint_signatures?.map(({ txid }) => txid)).toEqual([tx.checkpoints[0]?.id]);
  });

  it("must follow the ark tx's", () => {
    const { items, ...content } = presigning();
    const mixed = withRef({ ...content, items: [...items.slice(1), ...items.slice(0, 1)] });
    expect(reasonOf(() => verifyChallenge(received(mixed), approving(anIntent(), { allowPresign: true })))).toBe(
      "presign",
    );
  });

  it("are refused by a wallet that does not allow it", () => {
    expect(reasonOf(() => verifyChallenge(received(presigning()), approving(anIntent())))).toBe("presign");
  });
});
