import { z } from "zod";

import { hex32, isoTime, vtxoId } from "./field-schemas";

/** What a wallet needs to go on from nothing: its VTXOs, page by page, its balances, its scripts, and whom it deals with. */
export interface AccountState {
  readonly user_vtxos: readonly {
    readonly vtxo_id: string;
    readonly amount: number;
    readonly amount_sats: number;
    readonly asset_id: string;
    readonly status: string;
    readonly locked: boolean;
    readonly expires_at: string | null;
    readonly script: string;
  }[];
  readonly user_balances: readonly { readonly asset_id: string; readonly balance: number; readonly reserved: number }[];
  readonly user_scripts: readonly {
    readonly script: string;
    readonly signer_pubkey: string;
    readonly exit_delay: number;
    readonly address: string;
  }[];
  readonly server: ServerParams;
  /** When the VTXOs were last read from arkd; null = never. */
  readonly last_sync: string | null;
  readonly next_cursor: string | null;
  /** The reading is too old to judge funds by. */
  readonly stale?: true;
}

export interface ServerParams {
  readonly network: string;
  readonly signer_pubkey: string;
  readonly checkpoint_tapscript: string;
  /** arkd's raw value: below 512 blocks, else seconds. */
  readonly unilateral_exit_delay: number;
  /** Sats. */
  readonly dust: number;
  readonly max_inputs: number;
  readonly l2_fee: { readonly asset_id: string; readonly amount: number };
  readonly land_fee_bps: number;
  /** Output script to which a land pays; a wallet pins it. */
  readonly land_script: string;
}

export interface BalanceView {
  readonly asset_id: string;
  readonly balance: number;
  readonly reserved: number;
  readonly available: number;
  readonly vtxo_count: number;
}

const userVtxos = z.array(
  z.strictObject({
    vtxo_id: vtxoId,
    amount: z.int().min(1),
    amount_sats: z.int().min(1),
    asset_id: z.string(),
    status: z.string(),
    locked: z.boolean(),
    expires_at: isoTime.nullable(),
    script: z.string(),
  }),
);
const units = z.int().min(0);

/** Of an answer to `sync_state`; an AccountState. */
export const accountStateFields = {
  user_vtxos: userVtxos,
  user_balances: z.array(z.strictObject({ asset_id: z.string(), balance: units, reserved: units })),
  user_scripts: z.array(
    z.strictObject({ script: z.string(), signer_pubkey: hex32, exit_delay: z.int(), address: z.string() }),
  ),
  server: z.strictObject({
    network: z.string(),
    signer_pubkey: hex32,
    checkpoint_tapscript: z.string(),
    unilateral_exit_delay: z.int(),
    dust: units,
    max_inputs: z.int(),
    l2_fee: z.strictObject({ asset_id: z.string(), amount: units }),
    land_fee_bps: units,
    land_script: z.string(),
  }),
  last_sync: isoTime.nullable(),
  next_cursor: z.string().nullable(),
  stale: z.literal(true).optional(),
};

/** Of an answer to `query_balances`. */
export const balanceFields = {
  balances: z.array(
    z.strictObject({
      asset_id: z.string(),
      balance: units,
      reserved: units,
      available: units,
      vtxo_count: units,
    }),
  ),
  vtxos: userVtxos.optional(),
};
