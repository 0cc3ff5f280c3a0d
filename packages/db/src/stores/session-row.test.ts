import type { SessionIntent } from "@arkrelay/core/session/session";

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

const MOVED = {
  ...COMMON,
  assetId: "gUSD",
  arkAssetId: "cc".repeat(34),
  amount: 9_007_199_254_740_991n,
  amountSats: 660n,
  feeAssetId: "gBTC",
  feeAmount: 10n,
} as const;
const CHOICE = { maxInputs: undefined, minChange: 9_007_199_254_740_990n, dustLimitSats: 1n } as const;

it.each<SessionIntent>([
  { ...MOVED, type: "vtxo_split", partAmounts: [9_007_199_254_740_990n, 1n] },
  {
    ...MOVED,
    type: "vtxo_multi_transfer",
    choice: { ...CHOICE, strategy: "greedy", maxInputs: 5, preferredChange: undefined },
  },
  { ...MOVED, type: "optimal_change", choice: { ...CHOICE, strategy: "optimal", preferredChange: 5_000n } },
  {
    actionId: "an-action",
    type: "protocol_op",
    operation: "amm:swap",
    feeAssetId: "gBTC",
    feeAmount: 0n,
    expiresAt: COMMON.expiresAt,
    content: { type: "amm:swap", params: { pool_id: "gUSD-gBTC" } },
  },
])("gives back the intent of a $type with all it says", (intent) => {
  const row = { ...toRow(toIntentJson(intent, undefined)), session_type: intent.type };
  expect(toSession(row).intent).toEqual(intent);
});
