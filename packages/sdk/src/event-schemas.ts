import { z } from "zod";

const hex64 = z.string().regex(/^[0-9a-f]{64}$/, "must be 64 lower-case hex characters");
const hexBytes = z.string().regex(/^(?:[0-9a-f]{2})*$/, "must be lower-case hex");
const hexDigest = z.string().regex(/^(?:0x)?(?:[0-9a-f]{2})+$/, "must be hex");
const signature = z.string().regex(/^[0-9a-f]{128}$/, "must be a 64-byte signature in hex");
const payloadRefText = z.string().regex(/^sha256:[0-9a-f]{64}$/, "must be sha256:<64 hex>");
const actionId = z.string().regex(/^[A-Za-z0-9_-]{8,64}$/, "must be 8 to 64 of A-Z a-z 0-9 _ -");
/** Base units; zod's int is a safe integer. */
const amount = z.int().min(1);
const vtxoId = z.string().regex(/^[0-9a-f]{64}:\d{1,10}$/, "must be txid:vout");
const time = z.union([z.int().min(0), z.string().min(1)]);

const baseParams = { fee_asset_id: z.string().min(1), fee_amount: z.int().min(0) };
const transferParams = z.strictObject({
  ...baseParams,
  asset_id: z.string().min(1),
  amount,
  recipient_pubkey: z.string().min(1),
  source_vtxos: z.array(vtxoId).min(1).max(20).optional(),
  dust_policy: z.enum(["reject", "to_recipient"]).optional(),
});

const paidParams = { ...baseParams, asset_id: z.string().min(1), recipient_pubkey: z.string().min(1) };
const amountOrZero = z.int().min(0);

const splitParams = z.strictObject({
  ...baseParams,
  asset_id: z.string().min(1),
  vtxo_id: vtxoId,
  split_amounts: z.array(amount).min(2).max(20),
  min_change: amountOrZero.optional(),
});

const multiTransferParams = z.strictObject({
  ...paidParams,
  total_amount: amount,
  source_vtxos: z.array(vtxoId).min(1).max(20).optional(),
  min_change: amountOrZero.optional(),
  max_inputs: z.int().min(1).max(20).optional(),
  strategy: z.enum(["optimal", "greedy", "minimal"]).optional(),
});

const optimalChangeParams = z.strictObject({
  ...paidParams,
  amount_needed: amount,
  change_threshold: amountOrZero.optional(),
  dust_limit: amountOrZero.optional(),
  prefer_existing_change: z.boolean().optional(),
});

const landParams = z.strictObject({
  ...baseParams,
  asset_id: z.string().min(1),
  amount,
  lightning_invoice: z.string().min(1),
});

const renewParams = z.strictObject({ ...baseParams, vtxo_ids: z.array(vtxoId).min(1).max(20) });

/** The type of intents that renew VTXOs. */
export const RENEW_TYPE = "vtxo:renew";

/** Types of `lightning:land` intents, as below. */
export const LAND_TYPES: ReadonlySet<string> = new Set(["lightning:land", "land_lightning"]);

/** Types of `p2p_transfer` intents: the name of the contract and the older ones it accepts. */
export const TRANSFER_TYPES: ReadonlySet<string> = new Set(["p2p_transfer", "vtxo:transfer", "transfer"]);

/** Types of `atomic_swap` intents, as above. */
export const SWAP_TYPES: ReadonlySet<string> = new Set(["atomic_swap", "swap:atomic"]);

const swapParams = z.strictObject({
  ...baseParams,
  swap_id: actionId,
  give: z.array(z.strictObject({ asset_id: z.string().min(1), amount })).min(1),
  receive: z
    .array(
      z.union([
        z.strictObject({ asset_id: z.string().min(1), amount }),
        z.strictObject({ asset_id: z.string().min(1), min_amount: amount }),
      ]),
    )
    .min(1),
  counterparties: z.array(z.string().min(1)),
  min_life_seconds: z.int().min(0).optional(),
});

/** Types of intents that split a VTXO, pay out of many, or pay with an eye on the change; the contract's name first. */
export const SPLIT_TYPES: ReadonlySet<string> = new Set(["vtxo:split", "vtxo_split"]);
export const MULTI_TRANSFER_TYPES: ReadonlySet<string> = new Set(["vtxo:multi_transfer", "multi_vtxo_transfer"]);
export const OPTIMAL_CHANGE_TYPES: ReadonlySet<string> = new Set(["vtxo:optimal_change", "optimal_change"]);

function paramsOf(type: string): z.ZodType | undefined {
  if (TRANSFER_TYPES.has(type)) return transferParams;
  if (SPLIT_TYPES.has(type)) return splitParams;
  if (MULTI_TRANSFER_TYPES.has(type)) return multiTransferParams;
  if (OPTIMAL_CHANGE_TYPES.has(type)) return optimalChangeParams;
  if (SWAP_TYPES.has(type)) return swapParams;
  if (type === RENEW_TYPE) return renewParams;
  return LAND_TYPES.has(type) ? landParams : undefined;
}

const integersOnly = z.custom<Record<string, unknown>>(
  (value) => typeof value === "object" && value !== null && !Array.isArray(value) && holdsIntegersOnly(value),
  "must be an object whose numbers are all safe integers",
);

function holdsIntegersOnly(value: unknown): boolean {
  if (typeof value === "number") return Number.isSafeInteger(value);
  if (typeof value !== "object" || value === null) return true;
  return Object.values(value).every(holdsIntegersOnly);
}

/** 31510 content. Params of what moves a wallet's VTXOs are checked field by field, those of other types as integers-only objects. */
export const intentSchema = z
  .strictObject({
    action_id: actionId,
    type: z.string().regex(/^[a-z0-9_]{1,32}(?::[a-z0-9_]{1,32})?$/, "must look like ns:verb"),
    params: integersOnly,
    expires_at: time,
    protocol_version: z.union([z.int(), z.string()]).optional(),
    network: z.enum(["regtest", "testnet", "signet", "mainnet"]).optional(),
    solver_id: z.string().optional(),
    deadline: time.optional(),
    recipient_pubkey: z.string().optional(),
    min_out_amount: amount.optional(),
  })
  .superRefine((intent, context) => {
    const params = paramsOf(intent.type);
    const parsed = params?.safeParse(intent.params);
    for (const issue of parsed?.error?.issues ?? []) {
      context.addIssue({ code: "custom", message: issue.message, path: ["params", ...issue.path] });
    }
  });

const item = z.looseObject({
  role: z.enum(["ark", "checkpoint", "proof"]),
  txid: hex64,
  input: z.int().min(0),
  sighash: hex64,
  leaf_hash: hex64,
  pubkey: hex64,
});

const challengeFields = {
  session_id: z.string().min(1),
  challenge_id: z.string().min(1),
  step_index: z.int().min(1),
  step_total: z.int().min(1),
  payload_to_sign: hexDigest,
  payload_ref: payloadRefText,
  algo: z.literal("BIP340"),
  domain: z.string().regex(/^arkrelay\/[a-z0-9_]{1,32}\/v1$/, "must be arkrelay/<proto>/v1"),
  context: z.looseObject({ human: z.string().optional(), presign: z.boolean().optional() }).optional(),
  expires_at: time,
};

const arkParams = z.looseObject({ signer: hex64, checkpoint_tapscript: hexBytes, exit_delay: z.int().min(1) });

const signTx = z.looseObject({
  ...challengeFields,
  type: z.literal("sign_tx"),
  stage: z.enum(["ark_tx", "checkpoint_txs"]),
  items: z.array(item).min(1).max(40),
  ark_psbt: z.string().min(1),
  checkpoint_psbts: z.array(z.string().min(1)).min(1).max(40),
  params: arkParams,
});

const signPayload = z.looseObject({
  ...challengeFields,
  type: z.literal("sign_payload"),
  payload: z.looseObject({ action_id: z.string(), type: z.string(), params: z.record(z.string(), z.unknown()) }),
});

const signIntentProof = z.looseObject({
  ...challengeFields,
  type: z.literal("sign_intent_proof"),
  items: z.array(item).min(2).max(40),
  proof_psbt: z.string().min(1),
  message: z.string().min(1),
  params: arkParams,
});

/** 31511 content; unknown fields are kept, because payload_ref covers the objects as they were sent. */
export const challengeSchema = z.discriminatedUnion("type", [signTx, signPayload, signIntentProof]);

const itemSignature = z.strictObject({ txid: hex64, input: z.int().min(0), sig: signature });

/** 31512 content. */
export const responseSchema = z
  .strictObject({
    session_id: z.string().min(1),
    type: z.enum(["sign_tx", "sign_payload", "sign_intent_proof"]),
    payload_ref: payloadRefText,
    algo: z.literal("BIP340"),
    signature: signature.optional(),
    signatures: z.array(itemSignature).min(1).optional(),
    checkpoint_signatures: z.array(itemSignature).optional(),
    challenge_id: z.string().optional(),
    pubkey: hex64.optional(),
  })
  .refine((response) => (response.signature === undefined) !== (response.signatures === undefined), {
    message: "exactly one of signature and signatures",
    path: ["signatures"],
  });

/** 31340 content. */
export const confirmationSchema = z.looseObject({
  status: z.literal("success"),
  ref_action_id: z.string().optional(),
  ref_action_ids: z.array(z.string()).optional(),
  batch_id: z.string().optional(),
  results: z.looseObject({
    txid: hex64,
    inputs: z.array(z.string()),
    outputs: z.array(
      z.looseObject({ vtxo_id: z.string(), amount: z.int().min(0), asset_id: z.string(), recipient: z.string() }),
    ),
    fee_paid: z.int().min(0),
    fee_asset_id: z.string(),
    payment_hash: hex64.optional(),
    payout_txid: hex64.optional(),
    commitment_txid: hex64.optional(),
  }),
  timestamp: time,
});

/** 31342 content: the gateway's claim about confirmed outputs, beside a commitment tx that the chain proves. */
export const commitmentSchema = z.looseObject({
  status: z.literal("committed"),
  l1_txid: hex64,
  block_height: z.int().min(1),
  batch_id: z.string(),
  merkle_root: hex64,
  vtxo_count: z.int().min(1),
  total_value: z.int().min(1),
  timestamp: time,
});

/** 31341 content (after decryption). */
export const failureSchema = z.looseObject({
  status: z.literal("failure"),
  ref_action_id: z.string(),
  code: z.int(),
  message: z.string(),
  details: z.looseObject({ code: z.string().optional() }).optional(),
  timestamp: time,
});

/** 31501 content (after decryption). */
export const serviceResponseSchema = z.looseObject({
  request_id: z.string(),
  action: z.string(),
  status: z.enum(["success", "pending", "pending_payment", "error"]),
  timestamp: time,
  gateway_pubkey: hex64,
  error_code: z.int().optional(),
  error_message: z.string().optional(),
  valid_actions: z.array(z.string()).optional(),
  details: z.looseObject({ code: z.string().optional() }).optional(),
});

/** 31502 content (after decryption). */
export const notificationSchema = z.looseObject({
  notification_id: z.string(),
  type: z.string(),
  timestamp: time,
  gateway_pubkey: hex64,
  request_id: z.string().optional(),
  session_id: z.string().optional(),
  vtxo_id: z.string().optional(),
  amount: z.int().min(0).optional(),
  asset_id: z.string().optional(),
  payment_hash: hex64.optional(),
  preimage: hex64.optional(),
  error_code: z.int().optional(),
});

export type Challenge31511 = z.infer<typeof challengeSchema>;
export type SignTxChallenge = z.infer<typeof signTx>;
export type SignPayloadChallenge = z.infer<typeof signPayload>;
export type SignIntentProofChallenge = z.infer<typeof signIntentProof>;
export type SigningItem = z.infer<typeof item>;
export type Intent31510 = z.infer<typeof intentSchema>;
export type Confirmation31340 = z.infer<typeof confirmationSchema>;
export type Failure31341 = z.infer<typeof failureSchema>;
export type ServiceResponse31501 = z.infer<typeof serviceResponseSchema>;
export type Notification31502 = z.infer<typeof notificationSchema>;
