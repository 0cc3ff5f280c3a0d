import { z } from "zod";

import type { WalletPins } from "./ark-script.js";
import type { NostrGatewayClient } from "./nostr-client.js";
import { parseWith } from "./validation.js";

const units = z.int().min(0);
const vtxo = z.looseObject({
  vtxo_id: z.string(),
  amount: z.int().min(1),
  amount_sats: z.int().min(1),
  asset_id: z.string(),
  status: z.string(),
  locked: z.boolean(),
  expires_at: z.string().nullable(),
  script: z.string(),
});

const accountStateSchema = z.looseObject({
  user_vtxos: z.array(vtxo),
  user_balances: z.array(z.looseObject({ asset_id: z.string(), balance: units, reserved: units })),
  user_scripts: z.array(
    z.looseObject({ script: z.string(), signer_pubkey: z.string(), exit_delay: z.int(), address: z.string() }),
  ),
  server: z.looseObject({
    network: z.string(),
    signer_pubkey: z.string(),
    checkpoint_tapscript: z.string(),
    unilateral_exit_delay: z.int(),
    dust: units,
    max_inputs: z.int(),
    l2_fee: z.looseObject({ asset_id: z.string(), amount: units }),
    land_fee_bps: z.int().min(0).max(10_000),
    land_script: z.string().regex(/^5120[0-9a-f]{64}$/, "must be a taproot output script in hex"),
  }),
  last_sync: z.string().nullable(),
  next_cursor: z.string().nullable(),
  stale: z.boolean().optional(),
});
const balancesSchema = z.looseObject({
  balances: z.array(
    z.looseObject({ asset_id: z.string(), balance: units, reserved: units, available: units, vtxo_count: units }),
  ),
  vtxos: z.array(vtxo).optional(),
  last_updated: z.string().nullable(),
});

/**
 * Answer to `sync_state`, one page of it: over the pages every VTXO and every balance is told once. `amount` is in units of `asset_id`; a
 * VTXO that carries several assets has an entry for each, all on the same `amount_sats`.
 */
export type AccountState = z.infer<typeof accountStateSchema>;
/** Answer to `query_balances`. */
export type AccountBalances = z.infer<typeof balancesSchema>;

export interface SyncStateOptions {
  /** Only VTXOs that changed since then, those that are gone by now among them: `last_sync` of an earlier answer. */
  readonly since?: Date;
  /** `next_cursor` of the page before. */
  readonly cursor?: string;
  readonly assetId?: string;
  readonly signal?: AbortSignal;
}

type Requester = Pick<NostrGatewayClient, "request">;

/** What the gateway knows of this wallet, and the parameters it deals by (31500 `sync_state`). */
export async function syncState(nostr: Requester, options: SyncStateOptions = {}): Promise<AccountState> {
  const { since, cursor, assetId, signal } = options;
  const fields = {
    ...(since === undefined ? {} : { since: Math.floor(since.getTime() / 1000) }),
    ...(cursor === undefined ? {} : { cursor }),
    ...(assetId === undefined ? {} : { asset_id: assetId }),
  };
  const { response } = await nostr.request("sync_state", fields, signal === undefined ? {} : { signal });
  return parseWith(accountStateSchema, response, "sync_state");
}

/** Pages that are read in one go: the gateway answers ten requests a minute, and twice that in a burst. */
const PAGES_MAX = 10;

/** As `syncState`, with all pages in one; `next_cursor` is not null when there are more than ten. */
export async function syncAllState(nostr: Requester, options: SyncStateOptions = {}): Promise<AccountState> {
  let state = await syncState(nostr, options);
  for (let pages = 1; pages < PAGES_MAX && state.next_cursor !== null; pages += 1) {
    const page = await syncState(nostr, { ...options, cursor: state.next_cursor });
    state = {
      ...page,
      user_vtxos: [...state.user_vtxos, ...page.user_vtxos],
      user_balances: [...state.user_balances, ...page.user_balances],
      // The wallet is as old as its oldest page.
      last_sync: state.last_sync,
    };
  }
  return state;
}

/** Balances of this wallet (31500 `query_balances`); without `assetIds` of every asset it has. */
export async function queryBalances(
  nostr: Requester,
  options: { readonly assetIds?: readonly string[]; readonly includeVtxos?: boolean } = {},
): Promise<AccountBalances> {
  const { assetIds, includeVtxos } = options;
  const { response } = await nostr.request("query_balances", {
    ...(assetIds === undefined ? {} : { asset_ids: assetIds }),
    ...(includeVtxos === undefined ? {} : { include_vtxos: includeVtxos }),
  });
  return parseWith(balancesSchema, response, "query_balances");
}

/**
 * The pins with the script that lands are paid to and the fee they cost, as the gateway states them under its key. Trust on first use: an application keeps
 * what it gets here and never asks again, or a gateway that was broken into could have lands paid elsewhere.
 */
export async function pinLandScript(pins: WalletPins, nostr: Requester): Promise<WalletPins> {
  const { server } = await syncState(nostr);
  return { ...pins, landScript: server.land_script, landFeeBps: server.land_fee_bps };
}
