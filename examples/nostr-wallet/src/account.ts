import type { GatewayLink } from "./gateway-link.js";
import type { Pins } from "./pins.js";

/** One of the wallet's VTXOs as `sync_state` tells it. A VTXO with several assets comes once for each of them. */
export interface Vtxo {
  readonly vtxo_id: string;
  readonly amount: number;
  readonly amount_sats: number;
  readonly asset_id: string;
  readonly status: string;
  readonly locked: boolean;
  readonly expires_at: string | null;
  readonly script: string;
}

interface Page {
  readonly user_vtxos: readonly Vtxo[];
  readonly next_cursor: string | null;
  readonly server: {
    readonly signer_pubkey: string;
    readonly checkpoint_tapscript: string;
    readonly unilateral_exit_delay: number;
    readonly l2_fee: { readonly asset_id: string; readonly amount: number };
    readonly land_fee_bps: number;
    readonly land_script: string;
  };
}

export interface Balance {
  readonly asset_id: string;
  readonly balance: number;
  readonly reserved: number;
  readonly available: number;
  readonly vtxo_count: number;
}

/** Everything that is the wallet's. An event holds some 40 KiB, so the list comes in pages. */
export async function readVtxos(link: GatewayLink): Promise<{ vtxos: readonly Vtxo[]; pages: number }> {
  const vtxos: Vtxo[] = [];
  let pages = 0;
  let cursor: string | null = null;
  do {
    const page: Page = await readPage(link, cursor);
    vtxos.push(...page.user_vtxos);
    cursor = page.next_cursor;
    pages += 1;
  } while (cursor !== null);
  return { vtxos, pages };
}

export async function readBalances(link: GatewayLink): Promise<readonly Balance[]> {
  const { balances } = await link.request("query_balances");
  return balances as readonly Balance[];
}

/** Trusted on first use, as a wallet would show them to its user, and never changed by what a challenge says. */
export async function readPins(link: GatewayLink): Promise<Pins> {
  const { server } = await readPage(link, null);
  if (server.l2_fee.asset_id !== "gBTC") throw new Error("this wallet pays its fees in gBTC only");
  return {
    signer: server.signer_pubkey,
    checkpointTapscript: server.checkpoint_tapscript,
    exitDelay: server.unilateral_exit_delay,
    landScript: server.land_script,
    feeSats: server.l2_fee.amount,
    landFeeBps: server.land_fee_bps,
  };
}

async function readPage(link: GatewayLink, cursor: string | null): Promise<Page> {
  const answer: unknown = await link.request("sync_state", cursor === null ? {} : { cursor });
  return answer as Page;
}
