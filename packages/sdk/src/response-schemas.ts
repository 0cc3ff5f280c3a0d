import { z } from "zod";

/** Base units that may be 0. zod's int is a safe integer: a float or an unsafe number in an answer is refused. */
const units = z.int().min(0);
const time = z.string();
const optional = <S extends z.ZodType>(schema: S) => schema.nullish();
const page = { total_count: optional(z.int()), next_cursor: optional(z.string()) };

/** POST /sessions/create. */
export const createdSession = z.looseObject({
  session_id: z.string(),
  user_pubkey: z.string(),
  session_type: z.string(),
  status: z.string(),
  intent_data: z.record(z.string(), z.unknown()),
  expires_at: time,
  created_at: time,
});

export const session = z.looseObject({
  session_id: z.string(),
  user_pubkey: z.string(),
  session_type: z.string(),
  status: z.string(),
  ceremony_state: optional(z.string()),
  current_step: optional(z.int()),
  intent_data: optional(z.record(z.string(), z.unknown())),
  open_challenge_id: optional(z.string()),
  expires_at: time,
  created_at: time,
  updated_at: optional(time),
  error_code: optional(z.string()),
  error_message: optional(z.string()),
});

export const sessionList = z.looseObject({
  sessions: z.array(
    z.looseObject({
      session_id: z.string(),
      session_type: z.string(),
      status: z.string(),
      created_at: time,
      expires_at: time,
    }),
  ),
  ...page,
});

/** POST /sessions/{id}/challenge; `challenge` is the whole 31511 content, absent while the gateway still reads the VTXOs (202). */
export const openedChallenge = z.looseObject({
  session_id: z.string(),
  challenge_id: optional(z.string()),
  expires_at: optional(time),
  challenge: optional(z.unknown()),
  job_id: optional(z.string()),
});

/** GET /challenges/{id}; `content` only for the owner. */
export const challengeRead = z.looseObject({
  challenge: z.looseObject({
    challenge_id: z.string(),
    session_id: z.string(),
    stage: optional(z.string()),
    is_used: z.boolean(),
    content: z.unknown(),
  }),
});

export const challengeAnswer = z.looseObject({
  session_id: z.string(),
  challenge_id: optional(z.string()),
  status: z.string(),
  items_accepted: optional(z.int()),
  items_missing: optional(z.int()),
});

export const sessionEnd = z.looseObject({ session_id: z.string() });

export const completedSession = z.looseObject({
  session_id: z.string(),
  result_data: z.record(z.string(), z.unknown()),
});

export const ceremonyStart = z.looseObject({
  ceremony: z.looseObject({ step: optional(z.int()), step_name: optional(z.string()), status: optional(z.string()) }),
});

export const ceremonyStatus = z.looseObject({
  session_id: z.string(),
  session_status: z.string(),
  status: optional(z.string()),
  state: optional(z.string()),
  ceremony_status: optional(z.string()),
  current_step: optional(z.int()),
  current_step_name: optional(z.string()),
  stage: optional(z.string()),
  progress: optional(z.number()),
  open_challenge_id: optional(z.string()),
  txid: optional(z.string()),
  error: optional(z.string()),
  error_code: optional(z.string()),
});

export const ceremonyCancel = z.looseObject({ success: z.boolean(), session_id: z.string() });

/** POST /assets/transfer; `txid` is null while the gateway still reads the sender's VTXOs. */
export const transferResult = z.looseObject({
  session_id: z.string(),
  result: z.looseObject({
    asset_id: z.string(),
    amount: units,
    fee_asset_id: z.string(),
    fee_amount: units,
    status: z.string(),
    txid: optional(z.string()),
  }),
});

const splitOutput = z.looseObject({ vtxo_id: z.string(), amount: units, asset_id: z.string() });

/** POST /vtxos/split; without `txid` and outputs while the gateway still reads the owner's VTXOs. */
export const vtxoSplit = z.looseObject({
  session_id: z.string(),
  txid: optional(z.string()),
  outputs: z.array(splitOutput),
  change: optional(splitOutput),
  fee: z.looseObject({ asset_id: z.string(), amount: units }),
});

export const p2pTransfer = z.looseObject({
  transaction: z.looseObject({
    txid: optional(z.string()),
    amount: units,
    asset_id: z.string(),
    fee_sats: units,
    status: z.string(),
  }),
});

const balance = z.looseObject({
  asset_id: z.string(),
  balance: units,
  reserved_balance: units,
  available_balance: units,
});

export const balances = z.looseObject({
  balances: z.array(balance),
  stale: optional(z.boolean()),
  as_of: optional(time),
});
export const assetBalance = balance;

const leg = { vtxo_id: z.string(), amount_sats: units, asset_id: optional(z.string()), asset_amount: optional(units) };

export const transaction = z.looseObject({
  transaction: z.looseObject({
    txid: z.string(),
    tx_type: z.string(),
    status: z.string(),
    session_id: optional(z.string()),
    asset_id: optional(z.string()),
    asset_amount: optional(units),
    amount_sats: units,
    fee_sats: units,
    inputs: z.array(z.looseObject(leg)),
    outputs: z.array(z.looseObject({ ...leg, owner: z.string() })),
    created_at: time,
    confirmed_at: optional(time),
  }),
});

export const transactionStatus = z.looseObject({
  txid: z.string(),
  status: z.string(),
  tx_type: z.string(),
  amount_sats: units,
  fee_sats: units,
  created_at: time,
});

export const transactionList = z.looseObject({
  transactions: z.array(
    z.looseObject({
      txid: z.string(),
      status: z.string(),
      tx_type: z.string(),
      direction: z.string(),
      amount_sats: units,
      asset_id: optional(z.string()),
      asset_amount: optional(units),
      fee_sats: units,
      created_at: time,
    }),
  ),
  ...page,
});

export const transactionConfirm = z.looseObject({ txid: z.string(), acknowledged_at: time });

export const vtxoManagement = z.looseObject({
  vtxo_management: z.looseObject({
    vtxos: z.array(
      z.looseObject({
        vtxo_id: z.string(),
        amount_sats: units,
        /** null when the VTXO carries several assets. */
        asset_id: z.string().nullable(),
        asset_amount: optional(units),
        status: z.string(),
        locked: z.boolean(),
      }),
    ),
    total_available: units,
    total_assigned: units,
  }),
  ...page,
});

export const userVtxos = z.looseObject({
  vtxos: z.array(
    z.looseObject({
      vtxo_id: z.string(),
      amount_sats: units,
      asset_id: z.string().nullable(),
      asset_amount: optional(units),
      status: z.string(),
    }),
  ),
  ...page,
});

export const enqueuedJob = z.looseObject({ job_id: z.string(), job_status: z.string() });

const jobFields = {
  job_id: z.string(),
  job_type: z.string(),
  status: z.string(),
  attempts: z.int().min(0),
  created_at: time,
};

export const job = z.looseObject({
  ...jobFields,
  result_data: optional(z.record(z.string(), z.unknown())),
  error_code: optional(z.string()),
  error: optional(z.string()),
  dead: optional(z.boolean()),
});
export const jobList = z.looseObject({ jobs: z.array(z.looseObject(jobFields)), ...page });
export const jobChange = z.looseObject({ job_id: z.string(), status: z.string() });

export const health = z.looseObject({
  status: z.string(),
  database_connected: z.boolean(),
  redis_connected: z.boolean(),
});
export const ready = z.looseObject({ ready: z.boolean() });

const assetFields = {
  asset_id: z.string(),
  name: z.string(),
  ticker: z.string(),
  asset_type: z.string(),
  decimal_places: z.int(),
  /** 0 = no cap below 2^53-1. */
  total_supply: units,
  total_circulating: units,
  is_active: z.boolean(),
};
export const asset = z.looseObject({
  ...assetFields,
  total_reserved: units,
  available_supply: units,
  /** Absent for gBTC and before the first mint. */
  ark_asset_id: z
    .string()
    .regex(/^[0-9a-f]{68}$/)
    .optional(),
});
export const assetList = z.looseObject({ assets: z.array(z.looseObject(assetFields)), ...page });

/** POST and PATCH /assets. */
export const assetWritten = z.looseObject({
  asset: z.looseObject({
    asset_id: z.string(),
    total_supply: units,
    backing: z.string(),
    status: z.string(),
    is_active: z.boolean(),
  }),
});

/** POST /assets/{asset_id}/mint; `new_balance` is null until the units are the user's. */
export const mint = z.looseObject({
  job_id: z.string(),
  result: z.looseObject({
    asset_id: z.string(),
    amount_minted: units,
    new_balance: optional(units),
    status: z.string(),
    vtxo_id: optional(z.string()),
  }),
});

/** POST /vtxos/batch/create. */
export const vtxoBatch = z.looseObject({ job_id: z.string(), asset_id: z.string(), count: z.int() });

/** POST /vtxos/settlement/process. */
export const settlementStarted = z.looseObject({ job_id: z.string() });

/** GET /vtxos/settlement/status. */
export const settlementStatus = z.looseObject({
  settlement_status: z.looseObject({ pending_settlement: z.int(), settled_vtxos: z.int() }),
  recent_settlements: z.array(
    z.looseObject({
      txid: z.string(),
      status: z.string(),
      amount_sats: units,
      fee_sats: z.int(),
      block_height: optional(z.int()),
      merkle_root: z.string(),
      created_at: z.string(),
    }),
  ),
});

/** GET /vtxos/settlement/proof/{vtxo_id}. */
export const settlementProof = z.looseObject({
  vtxo_id: z.string(),
  amount_sats: units,
  assets: z.array(z.looseObject({ asset_id: z.string(), amount: units })),
  batch_id: z.string(),
  l1_txid: z.string(),
  merkle_root: z.string(),
  index: z.int(),
  path: z.array(z.looseObject({ side: z.enum(["left", "right"]), hash: z.string() })),
  claim: z.string(),
});
export type SettlementProof = z.infer<typeof settlementProof>;

/** POST /vtxos/assign; `vtxo_id` is final before anything is signed. */
export const vtxoAssigned = z.looseObject({
  job_id: z.string(),
  vtxo_id: z.string(),
  vtxos: z.array(z.looseObject({ vtxo_id: z.string(), amount: units })),
  change_amount: units,
  user_pubkey: z.string(),
  asset_id: z.string(),
  amount_sats: units,
});

/** POST /vtxos/renew. */
export const vtxoRenewal = z.looseObject({
  session_id: z.string(),
  way: z.enum(["transfer", "recover"]),
  txid: optional(z.string()),
  outputs: z.array(
    z.looseObject({
      amount_sats: units,
      assets: z.array(z.looseObject({ asset_id: z.string(), amount: units })),
    }),
  ),
});

export const assetReserve = z.looseObject({
  reserve_requirements: z.looseObject({
    asset_id: z.string(),
    total_circulation: units,
    current_reserve: units,
    required_reserve: units,
    reserve_deficit: units,
    reserve_health: z.string(),
    as_of: time,
  }),
});

/** POST /lightning/lift; `bolt11_invoice` is null until the node has made it. */
export const lift = z.looseObject({
  operation_id: z.string(),
  session_id: z.string(),
  payment_hash: z.string(),
  bolt11_invoice: optional(z.string()),
  details: z.looseObject({
    user_pubkey: z.string(),
    asset_id: z.string(),
    amount: units,
    carrier_units: optional(units),
    status: z.string(),
    expires_at: time,
  }),
});

/** POST /lightning/land; `txid` is null while the gateway still reads the user's VTXOs. */
export const land = z.looseObject({
  operation_id: z.string(),
  session_id: z.string(),
  payment_hash: z.string(),
  job_id: optional(z.string()),
  bolt11_invoice: z.string(),
  details: z.looseObject({
    user_pubkey: z.string(),
    asset_id: z.string(),
    amount: units,
    fee: units,
    total: units,
    expires_at: time,
    txid: optional(z.string()),
  }),
});

export const landResume = z.looseObject({
  operation_id: z.string(),
  payment_hash: z.string(),
  job_id: z.string(),
  details: z.looseObject({ status: z.string() }),
});

/** GET /lightning/invoices/{payment_hash}; preimage and fee for the parties only. */
export const lightningInvoice = z.looseObject({
  invoice_status: z.looseObject({
    payment_hash: z.string(),
    status: z.string(),
    amount_sats: units,
    asset_id: z.string(),
    invoice_type: z.string(),
    created_at: time,
    expires_at: time,
    paid_at: optional(time),
    bolt11_invoice: optional(z.string()),
    lnd_settled: z.boolean(),
    txid: optional(z.string()),
    error_code: optional(z.string()),
    preimage: optional(z.string()),
    fee_sats: optional(units),
  }),
  stale: optional(z.boolean()),
  as_of: optional(time),
});

export const feeEstimate = z.looseObject({
  fee_estimate: z.looseObject({
    amount_sats: units,
    base_fee: units,
    routing_fee: units,
    carrier_units: units,
    total_fee: units,
    total_amount: units,
    fee_percentage: z.number(),
  }),
});

const apiKeyFields = {
  id: z.string(),
  name: z.string(),
  kind: z.string(),
  scopes: z.array(z.string()),
  status: z.string(),
};
export const apiKeyCreated = z.looseObject({ api_key: z.looseObject(apiKeyFields), key: optional(z.string()) });
export const apiKeyRead = z.looseObject({ api_key: z.looseObject(apiKeyFields) });
export const apiKeyRotated = z.looseObject({ key: z.string() });
export const apiKeyList = z.looseObject({ api_keys: z.array(z.looseObject(apiKeyFields)), ...page });

const webhookFields = z.looseObject({
  id: z.string(),
  url: z.string(),
  events: z.array(z.string()),
  description: optional(z.string()),
  ordered: z.boolean(),
  status: z.string(),
  failure_count: units,
  disabled_reason: optional(z.string()),
  created_at: time,
});
export const webhookCreated = z.looseObject({ webhook: webhookFields, secret: z.string() });
export const webhookRead = z.looseObject({ webhook: webhookFields });
export const webhookList = z.looseObject({ webhooks: z.array(webhookFields), ...page });
export const webhookSecret = z.looseObject({ secret: z.string(), previous_valid_until: time });
export const webhookTest = z.looseObject({ delivery_id: z.string() });
export const webhookRedelivered = z.looseObject({ delivery_id: z.string(), event_id: z.string() });
export const webhookReplayed = z.looseObject({
  replayed: units,
  delivery_ids: z.array(z.string()),
  next_cursor: optional(z.string()),
});

const deliveryFields = {
  id: z.string(),
  event_id: z.string(),
  event_type: z.string(),
  status: z.string(),
  attempts: units,
  response_status: optional(z.int()),
  latency_ms: optional(units),
  next_attempt_at: optional(time),
  created_at: time,
};
export const webhookDeliveryList = z.looseObject({ deliveries: z.array(z.looseObject(deliveryFields)), ...page });
export const webhookDeliveryRead = z.looseObject({
  delivery: z.looseObject({
    ...deliveryFields,
    request_body: z.string(),
    response_excerpt: optional(z.string()),
    attempt_log: z.array(
      z.looseObject({
        at: time,
        response_status: optional(z.int()),
        latency_ms: units,
        error: optional(z.string()),
      }),
    ),
  }),
});

export type CreatedSession = z.infer<typeof createdSession>;
export type Session = z.infer<typeof session>;
export type OpenedChallenge = z.infer<typeof openedChallenge>;
export type ChallengeAnswer = z.infer<typeof challengeAnswer>;
export type CeremonyStatus = z.infer<typeof ceremonyStatus>;
export type TransferResult = z.infer<typeof transferResult>;
export type AssetInfo = z.infer<typeof asset>;
export type Balances = z.infer<typeof balances>;
export type Job = z.infer<typeof job>;
export type Lift = z.infer<typeof lift>;
export type Land = z.infer<typeof land>;
export type LightningInvoice = z.infer<typeof lightningInvoice>["invoice_status"];
export type FeeEstimate = z.infer<typeof feeEstimate>["fee_estimate"];

/** 204, or a body nobody reads. */
export const nothing = z.looseObject({});
