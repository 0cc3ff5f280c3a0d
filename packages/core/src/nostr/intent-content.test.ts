import { AppError } from "../errors";
import { intentContentHash, parseIntentContent } from "./intent-content";

const RECIPIENT = "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
const NPUB = "npub10xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqpkge6d";
const VTXO = `${"ab".repeat(32)}:0`;

const transfer = {
  action_id: "pay-0001",
  type: "p2p_transfer",
  params: { asset_id: "gBTC", amount: 5000, recipient_pubkey: RECIPIENT, fee_asset_id: "gBTC", fee_amount: 10 },
  expires_at: 1_790_000_000,
  network: "regtest",
};

function refusal(source: Parameters<typeof parseIntentContent>[0]): AppError {
  try {
    parseIntentContent(source);
  } catch (error) {
    if (error instanceof AppError) return error;
  }
  throw new Error("the intent was not refused");
}

const withParams = (params: Record<string, unknown>): string =>
  JSON.stringify({ ...transfer, params: { ...transfer.params, ...params } });

test("a transfer comes out with bigint amounts and the defaults filled in", () => {
  const intent = parseIntentContent(JSON.stringify(transfer));
  expect(intent).toMatchObject({
    kind: "p2p_transfer",
    legacy: false,
    expiresAt: new Date(1_790_000_000_000),
    params: { assetId: "gBTC", amount: 5000n, recipientPubkey: RECIPIENT, dustPolicy: "reject", feeAmount: 10n },
  });
  expect(intent.content.params["dust_policy"]).toBe("reject");
});

test.each([
  ["vtxo:transfer", {}],
  ["transfer", {}],
  ["p2p_transfer", { expires_at: "2026-09-21T14:13:20Z" }],
  ["p2p_transfer", { params: { ...transfer.params, asset_id: "BTC", recipient_pubkey: NPUB } }],
  ["p2p_transfer", { params: { ...transfer.params, dust_policy: "reject" } }],
])("spellings of the same intent have the same content hash (%s %j)", (type, change) => {
  const plain = parseIntentContent(JSON.stringify(transfer));
  const other = parseIntentContent(JSON.stringify({ ...transfer, type, ...change }));
  expect(intentContentHash(other.content)).toBe(intentContentHash(plain.content));
  expect(other.legacy).toBe(false);
});

test("older forms mean the same and are marked", () => {
  const { type, params, ...rest } = transfer;
  const { fee_asset_id, fee_amount, ...outside } = params;
  const older = { ...rest, action: type, ...outside, params: { fee_asset_id, fee_amount } };
  const intent = parseIntentContent(JSON.stringify(older));
  expect(intent.legacy).toBe(true);
  const { recipient_pubkey: _kept, ...content } = intent.content;
  expect(content).toEqual(parseIntentContent(JSON.stringify(transfer)).content);
});

test.each([
  ["a fraction", withParams({ amount: 0.5 }), "invalid_request", "params.amount"],
  ["a string", withParams({ amount: "5000" }), "invalid_amount", "params.amount"],
  ["zero", withParams({ amount: 0 }), "invalid_amount", "params.amount"],
  ["a negative", withParams({ amount: -1 }), "invalid_amount", "params.amount"],
  ["nothing", withParams({ amount: undefined }), "invalid_request", "params.amount"],
  ["1e3", JSON.stringify(transfer).replace("5000", "5e3"), "invalid_request", ""],
  ["5000.0", JSON.stringify(transfer).replace("5000", "5000.0"), "invalid_request", ""],
  ["2^53", JSON.stringify(transfer).replace("5000", "9007199254740992"), "invalid_request", "params.amount"],
])("refuses %s as an amount", (_name, source, code, path) => {
  const error = refusal(source);
  expect(error.code).toBe(code);
  expect(error.errors.map((field) => field.path)).toEqual([path]);
});

test.each([
  ["an unknown key", { ...transfer, memo: "hi" }, "memo"],
  ["an unknown param", { ...transfer, params: { ...transfer.params, note: 1 } }, "params.note"],
  ["a short action_id", { ...transfer, action_id: "short" }, "action_id"],
  ["a type with capitals", { ...transfer, type: "AMM:swap" }, "type"],
  ["no expires_at", { ...transfer, expires_at: undefined }, "expires_at"],
  ["an ISO time without a zone", { ...transfer, expires_at: "2026-09-21T14:13:20" }, "expires_at"],
  ["an unknown network", { ...transfer, network: "liquid" }, "network"],
  ["params that are a list", { ...transfer, params: [] }, "params"],
  [
    "a key off the curve",
    { ...transfer, params: { ...transfer.params, recipient_pubkey: "f".repeat(64) } },
    "params.recipient_pubkey",
  ],
  ["two recipients", { ...transfer, recipient_pubkey: "e".repeat(64).replace(/^e/, "1") }, "recipient_pubkey"],
  ["a VTXO twice", { ...transfer, params: { ...transfer.params, source_vtxos: [VTXO, VTXO] } }, "params.source_vtxos"],
])("refuses %s and names the field", (_name, content, path) => {
  const error = refusal(JSON.stringify(content));
  expect(error.code).toBe("invalid_request");
  expect(error.errors.map((field) => field.path)).toContain(path);
});

test("a recipient outside params must be the one inside", () => {
  const other = "c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5";
  const error = refusal(JSON.stringify({ ...transfer, recipient_pubkey: other }));
  expect(error.errors).toEqual([expect.objectContaining({ path: "params.recipient_pubkey", code: "contradiction" })]);
});

test("a missing fee is left for the fee rule, which has its own code", () => {
  const { fee_asset_id: _asset, fee_amount: _amount, ...params } = transfer.params;
  const intent = parseIntentContent(JSON.stringify({ ...transfer, params }));
  expect(intent).toMatchObject({ params: { feeAssetId: undefined, feeAmount: undefined } });
});

test.each(["lightning:pay", "swap:atomc", "vtxo:tranfer", "something"])(
  "%s is known or nobody's, and not executed here",
  (type) => {
    expect(refusal(JSON.stringify({ ...transfer, type })).code).toBe("unsupported_type");
  },
);

const fee = { fee_asset_id: "BTC", fee_amount: 5 };
const swap = {
  swap_id: "swap-0001",
  give: [{ asset_id: "BTC", amount: 5_000 }],
  receive: [{ asset_id: "gUSD", min_amount: 7 }],
  counterparties: [],
  ...fee,
};

test.each(["atomic_swap", "swap:atomic"])("reads one side of a swap of type %s", (type) => {
  const intent = parseIntentContent(JSON.stringify({ ...transfer, type, params: swap }));
  expect(intent).toMatchObject({
    kind: "atomic_swap",
    legacy: false,
    content: { type: "atomic_swap" },
    params: {
      give: [{ assetId: "gBTC", amount: 5_000n }],
      receive: [{ assetId: "gUSD", amount: 7n, isMinimum: true }],
      counterparties: [],
    },
  });
});

test("reads the legs of a swap in their older form", () => {
  const { give, receive, ...params } = swap;
  const content = { ...transfer, type: "atomic_swap", params, my_leg: give[0], counterparty_leg: receive[0] };
  const intent = parseIntentContent(JSON.stringify(content));
  expect(intent).toMatchObject({ kind: "atomic_swap", legacy: true, content: { params: { receive } } });
});

test.each([
  ["nothing is given", { give: [] }, "params.give"],
  ["an asset is given twice", { give: [swap.give[0], swap.give[0]] }, "params.give"],
  [
    "what is received is both exact and a minimum",
    { receive: [{ asset_id: "gUSD", amount: 7, min_amount: 7 }] },
    "params.receive.0",
  ],
  ["nobody knows a key of it", { source_vtxos: [VTXO] }, "params.source_vtxos"],
])("refuses a side of a swap when %s", (_case, fields, path) => {
  const error = refusal(JSON.stringify({ ...transfer, type: "atomic_swap", params: { ...swap, ...fields } }));
  expect(error.code).toBe("invalid_request");
  expect(error.errors.map((each) => each.path)).toContain(path);
});
const land = { asset_id: "BTC", amount: 5_000, lightning_invoice: "lnbcrt50u1", ...fee };

test.each(["lightning:land", "land_lightning"])("reads a land of type %s", (type) => {
  const intent = parseIntentContent(JSON.stringify({ ...transfer, type, params: land }));
  expect(intent).toMatchObject({
    kind: "lightning_land",
    legacy: false,
    content: { type: "lightning:land", params: { ...land, asset_id: "gBTC", fee_asset_id: "gBTC" } },
    params: { assetId: "gBTC", amount: 5_000n, lightningInvoice: "lnbcrt50u1", feeAssetId: "gBTC", feeAmount: 5n },
  });
});

test("reads the invoice of a land from memo, where older clients put it", () => {
  const { lightning_invoice: memo, ...params } = land;
  const intent = parseIntentContent(JSON.stringify({ ...transfer, type: "land_lightning", params, memo }));
  expect(intent).toMatchObject({ kind: "lightning_land", legacy: true, params: { lightningInvoice: memo } });
});

test.each(["lightning:lift", "lift_lightning"])("reads a lift of type %s", (type) => {
  const params = { asset_id: "gBTC", amount: 5_000, fee_asset_id: "gBTC", fee_amount: 0 };
  const hash = "ab".repeat(32);
  const starting = parseIntentContent(JSON.stringify({ ...transfer, type, params }));
  const claiming = parseIntentContent(JSON.stringify({ ...transfer, type, params: { ...params, payment_hash: hash } }));
  expect(starting).toMatchObject({ kind: "lightning_lift", params: { amount: 5_000n, paymentHash: undefined } });
  expect(claiming).toMatchObject({ kind: "lightning_lift", params: { paymentHash: hash } });
});

test.each([
  [
    "a land without an invoice",
    "lightning:land",
    { ...land, lightning_invoice: undefined },
    "params.lightning_invoice",
  ],
  ["a land to somebody", "lightning:land", { ...land, recipient_pubkey: "a" }, "params.recipient_pubkey"],
  [
    "a lift that claims no hash",
    "lightning:lift",
    { asset_id: "gBTC", amount: 1, payment_hash: "x" },
    "params.payment_hash",
  ],
])("refuses %s", (_name, type, params, path) => {
  const error = refusal(JSON.stringify({ ...transfer, type, params }));
  expect(error).toMatchObject({ code: "invalid_request", errors: [{ path }] });
});

const paid = { asset_id: "BTC", recipient_pubkey: RECIPIENT, fee_asset_id: "gBTC", fee_amount: 10 };
const split = { vtxo_id: VTXO, split_amounts: [400, 500], asset_id: "gBTC", fee_asset_id: "gBTC", fee_amount: 10 };

test.each([
  ["vtxo:split", "vtxo_split", split, { min_change: 1000 }, { vtxoId: VTXO, splitAmounts: [400n, 500n], amount: 900n }],
  [
    "vtxo:multi_transfer",
    "vtxo_multi_transfer",
    { ...paid, total_amount: 700 },
    { min_change: 1000, max_inputs: 5, strategy: "optimal" },
    { amount: 700n, minChange: 1000n, maxInputs: 5, strategy: "optimal", sourceVtxos: undefined },
  ],
  [
    "vtxo:optimal_change",
    "optimal_change",
    { ...paid, amount_needed: 700 },
    { change_threshold: 5000, dust_limit: 1, prefer_existing_change: true },
    { amount: 700n, changeThreshold: 5000n, dustLimitSats: 1n, prefersExistingChange: true },
  ],
])("%s is a %s with the protocol's defaults filled in", (type, kind, params, defaults, parsed) => {
  const intent = parseIntentContent(JSON.stringify({ ...transfer, type, params }));
  expect(intent).toMatchObject({ kind, legacy: false, params: { assetId: "gBTC", feeAmount: 10n, ...parsed } });
  expect(intent.content.params).toMatchObject(defaults);
});

test.each([
  ["vtxo_split", "vtxo:split", split],
  ["multi_vtxo_transfer", "vtxo:multi_transfer", { ...paid, total_amount: 700 }],
  ["optimal_change", "vtxo:optimal_change", { ...paid, amount_needed: 700 }],
])("%s is another spelling of %s, no older form", (spelling, canonical, params) => {
  const read = (type: string) => parseIntentContent(JSON.stringify({ ...transfer, type, params }));
  expect(read(spelling).legacy).toBe(false);
  expect(intentContentHash(read(spelling).content)).toBe(intentContentHash(read(canonical).content));
});

test.each([
  ["vtxo:multi_transfer", "total_amount"],
  ["vtxo:optimal_change", "amount_needed"],
])("the older form of %s has asset, amount and recipient beside its params", (type, param) => {
  const { asset_id, recipient_pubkey, ...params } = paid;
  const older = { ...transfer, type: undefined, action: type, params, asset_id, recipient_pubkey, amount: 700 };
  const intent = parseIntentContent(JSON.stringify(older));
  expect(intent).toMatchObject({ legacy: true, params: { amount: 700n, recipientPubkey: RECIPIENT } });
  expect(intent.content.params[param]).toBe(700);
});

test.each([
  ["one part", "vtxo:split", { ...split, split_amounts: [400] }, "invalid_request", "params.split_amounts"],
  [
    "21 parts",
    "vtxo:split",
    { ...split, split_amounts: Array.from({ length: 21 }, () => 400) },
    "invalid_request",
    "params.split_amounts",
  ],
  [
    "a part of nothing",
    "vtxo:split",
    { ...split, split_amounts: [400, 0] },
    "invalid_amount",
    "params.split_amounts.1",
  ],
  [
    "parts whose sum no number holds",
    "vtxo:split",
    { ...split, split_amounts: [Number.MAX_SAFE_INTEGER, 1] },
    "invalid_amount",
    "params.split_amounts",
  ],
  ["a split of no VTXO", "vtxo:split", { ...split, vtxo_id: undefined }, "invalid_request", "params.vtxo_id"],
  [
    "a split to somebody",
    "vtxo:split",
    { ...split, recipient_pubkey: RECIPIENT },
    "invalid_request",
    "params.recipient_pubkey",
  ],
  [
    "another strategy",
    "vtxo:multi_transfer",
    { ...paid, total_amount: 7, strategy: "best" },
    "invalid_request",
    "params.strategy",
  ],
  [
    "more than 20 inputs",
    "vtxo:multi_transfer",
    { ...paid, total_amount: 7, max_inputs: 21 },
    "invalid_request",
    "params.max_inputs",
  ],
  [
    "no inputs",
    "vtxo:multi_transfer",
    { ...paid, total_amount: 7, max_inputs: 0 },
    "invalid_request",
    "params.max_inputs",
  ],
  [
    "a VTXO twice",
    "vtxo:multi_transfer",
    { ...paid, total_amount: 7, source_vtxos: [VTXO, VTXO] },
    "invalid_request",
    "params.source_vtxos",
  ],
  [
    "a negative min_change",
    "vtxo:multi_transfer",
    { ...paid, total_amount: 7, min_change: -1 },
    "invalid_amount",
    "params.min_change",
  ],
  ["no total", "vtxo:multi_transfer", paid, "invalid_request", "params.total_amount"],
  ["no amount needed", "vtxo:optimal_change", paid, "invalid_request", "params.amount_needed"],
  [
    "VTXOs named for an optimal change",
    "vtxo:optimal_change",
    { ...paid, amount_needed: 7, source_vtxos: [VTXO] },
    "invalid_request",
    "params.source_vtxos",
  ],
  [
    "a preference that is no boolean",
    "vtxo:optimal_change",
    { ...paid, amount_needed: 7, prefer_existing_change: 1 },
    "invalid_request",
    "params.prefer_existing_change",
  ],
])("refuses %s", (_name, type, params, code, path) => {
  const error = refusal(JSON.stringify({ ...transfer, type, params }));
  expect(error.code).toBe(code);
  expect(error.errors.map((field) => field.path)).toContain(path);
});

test("solver-owned types keep their params untouched, up to 16 KiB", () => {
  const params = { pool_id: "gUSD-gBTC", legs: [{ asset_id: "BTC", amount: 1 }], note: "é" };
  const intent = parseIntentContent(JSON.stringify({ ...transfer, type: "amm:swap", params }));
  expect(intent.kind).toBe("protocol_op");
  expect(intent.content.params).toEqual(params);
  const big = refusal(JSON.stringify({ ...transfer, type: "amm:swap", params: { note: "x".repeat(17_000) } }));
  expect(big.errors.map((field) => field.path)).toEqual(["params"]);
});

test.each([
  ["no JSON", "{", "invalid_json"],
  ["a list", "[]", "invalid_request"],
  ["a lone surrogate", JSON.stringify({ ...transfer, solver_id: "\ud800" }), "invalid_request"],
  ["an own __proto__", '{"action_id":"pay-0001","params":{"__proto__":{"a":1}}}', "invalid_request"],
  ["deep nesting", `{"params":${"[".repeat(5000)}${"]".repeat(5000)}}`, "invalid_request"],
])("refuses %s", (_name, text, code) => {
  expect(refusal(text).code).toBe(code);
});

test.each([253_402_300_800, Number.MAX_SAFE_INTEGER])(
  "an expires_at of %d, which no date can hold, is a broken field",
  (expires_at) => {
    expect(refusal(JSON.stringify({ ...transfer, expires_at }))).toMatchObject({
      code: "invalid_request",
      errors: [{ path: "expires_at" }],
    });
  },
);
