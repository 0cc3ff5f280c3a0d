import { toIntentJson, toSession } from "./session-row";

const COLUMNS = {
  id: 1,
  session_id: "s",
  user_pubkey: "aa".repeat(32),
  session_type: "p2p_transfer",
  status: "initiated",
  ceremony_state: "intent_received",
  current_step: 1,
  intent_id: 1,
  context: "{}",
  created_by: "nostr:a",
  owner_proven: 1,
  delivery: "both",
  auto_start: 1,
  expires_at: new Date(0),
  created_at: new Date(0),
  updated_at: new Date(0),
  version: 1,
  wake_seq: 1,
  event_seq: 1,
};

const toRow = (intent_data: string) => {
  const names = [
    "prepare_since",
    "ark_params",
    "submit_state",
    "signed_tx",
    "result_data",
    "error_code",
    "error_message",
  ];
  const empty = Object.fromEntries([...names, "completed_at", "watch"].map((name) => [name, null]));
  return { ...empty, ...COLUMNS, intent_data };
};

const COMMON = {
  actionId: "an-action",
  recipientPubkey: "bb".repeat(32),
  sourceVtxos: undefined,
  dustPolicy: "reject",
  expiresAt: new Date(1_700_000_000_000),
  content: { type: "p2p_transfer" },
} as const;

it("reads the intent of a session that was stored when sats were all that moved", () => {
  const stored = {
    ...COMMON,
    amountSats: "5000",
    feeSats: "10",
    sourceVtxos: null,
    expiresAt: COMMON.expiresAt.toISOString(),
    eventId: null,
  };
  expect(toSession(toRow(JSON.stringify(stored))).intent).toEqual({
    ...COMMON,
    type: "p2p_transfer",
    assetId: "gBTC",
    arkAssetId: undefined,
    amount: 5_000n,
    amountSats: 5_000n,
    feeAssetId: "gBTC",
    feeAmount: 10n,
  });
});

it("gives back the intent of an asset's transfer as it was stored", () => {
  const intent = {
    ...COMMON,
    type: "p2p_transfer",
    assetId: "gUSD",
    arkAssetId: "cc".repeat(34),
    amount: 9_007_199_254_740_991n,
    amountSats: 330n,
    feeAssetId: "gBTC",
    feeAmount: 10n,
  } as const;
  expect(toSession(toRow(toIntentJson(intent, undefined))).intent).toEqual(intent);
});
