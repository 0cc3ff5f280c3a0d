import { z } from "zod";

import { vtxoScriptHex, type WalletPins } from "./ark-script.js";
import { openDeadline } from "./deadline.js";
import { SchemaValidationError, toGatewayError } from "./errors.js";
import { parseWith } from "./validation.js";
import type { OwnVtxo, VtxoView } from "./verifier/verifier-types.js";

/** arkd's JSON: camelCase, 64-bit integers as strings, absent fields for zero values. */
const sats = z.union([z.string().regex(/^\d+$/), z.int().min(0)]).transform(BigInt);
const seconds = z.union([z.string().regex(/^-?\d+$/), z.int()]).transform(Number);
const vtxoSchema = z.looseObject({
  outpoint: z.looseObject({ txid: z.string(), vout: z.int().min(0).default(0) }),
  amount: sats,
  script: z.string(),
  expiresAt: seconds.default(0),
  isSpent: z.boolean().default(false),
  isSwept: z.boolean().default(false),
  isUnrolled: z.boolean().default(false),
  assets: z.array(z.looseObject({ assetId: z.string(), amount: sats })).default([]),
});
const pageSchema = z.looseObject({
  vtxos: z.array(vtxoSchema).default([]),
  page: z.looseObject({ current: z.int().default(0), next: z.int().default(0), total: z.int().default(0) }).nullish(),
});
const infoSchema = z.looseObject({
  signerPubkey: z.string().regex(/^(?:0[23])?[0-9a-f]{64}$/),
  checkpointTapscript: z.string(),
  unilateralExitDelay: seconds,
});

const PAGE_SIZE = 100;
/** A wallet with more VTXOs than this should merge them; the bound keeps a broken server from paging for ever. */
const PAGE_MAX = 50;

export interface IndexerOptions {
  readonly fetchImpl?: typeof fetch;
  readonly timeoutMs?: number;
}

/** Pins to be stored at first contact, read from arkd itself and never from the gateway that is to be checked. */
export async function fetchPins(
  arkdUrl: string,
  gatewayPubkey: string,
  options: IndexerOptions = {},
): Promise<WalletPins> {
  const info = parseWith(infoSchema, await getJson(`${trim(arkdUrl)}/v1/info`, options), "GET /v1/info");
  return {
    signer: info.signerPubkey.slice(-64),
    checkpointTapscript: info.checkpointTapscript,
    exitDelay: info.unilateralExitDelay,
    gatewayPubkey,
  };
}

/**
 * The wallet's own VTXOs as arkd's indexer reports them: the spendable ones, and as spent those in a transaction that
 * arkd accepted and that still waits for checkpoint signatures, because a checkpoint challenge is about them, and the swept ones, which
 * only a batch gives back. Rejects with UnavailableError when arkd cannot be reached.
 */
export async function fetchVtxoView(
  arkdUrl: string,
  ownerPubkey: string,
  pins: Pick<WalletPins, "signer" | "exitDelay">,
  options: IndexerOptions = {},
): Promise<VtxoView> {
  const script = vtxoScriptHex(ownerPubkey, pins);
  const url = `${trim(arkdUrl)}/v1/indexer/vtxos`;
  // arkd's flags exclude each other. A VTXO that becomes pending in between is overwritten by the later, newer look.
  const spendable = await fetchAll(url, script, "spendableOnly", options);
  const pending = await fetchAll(url, script, "pendingOnly", options);
  const recoverable = await fetchAll(url, script, "recoverableOnly", options);
  const swept = recoverable.map((own) => [own.vtxoId, { ...own, isSpent: true, isSwept: true }] as const);
  const live = spendable.map((own) => [own.vtxoId, own] as const);
  return new Map([...swept, ...live, ...pending.map((own) => [own.vtxoId, { ...own, isSpent: true }] as const)]);
}

async function fetchAll(
  url: string,
  script: string,
  flag: "spendableOnly" | "pendingOnly" | "recoverableOnly",
  options: IndexerOptions,
): Promise<OwnVtxo[]> {
  const all: OwnVtxo[] = [];
  let index = 0;
  for (let pages = 0; pages < PAGE_MAX; pages += 1) {
    const query = new URLSearchParams([
      ["scripts", script],
      [flag, "true"],
      ["page.size", String(PAGE_SIZE)],
      ["page.index", String(index)],
    ]);
    const answer = await getJson(`${url}?${query.toString()}`, options);
    const { vtxos, page } = parseWith(pageSchema, answer, "GET /v1/indexer/vtxos");
    // The server filters by script; a row for another one would be its mistake, and not ours to sign for.
    all.push(...vtxos.map(toOwnVtxo).filter((own) => own.script === script));
    // arkd counts pages from 1, takes index 0 for the first too, and lets `next` stay at the last page.
    if (!page || vtxos.length === 0 || page.next <= page.current) return all;
    index = page.next;
  }
  throw new SchemaValidationError("GET /v1/indexer/vtxos", [
    { path: "page", code: "too_many", message: `more than ${PAGE_MAX} pages of VTXOs` },
  ]);
}

function toOwnVtxo(vtxo: z.infer<typeof vtxoSchema>): OwnVtxo {
  return {
    vtxoId: `${vtxo.outpoint.txid}:${vtxo.outpoint.vout}`,
    amountSats: vtxo.amount,
    script: vtxo.script,
    assets: vtxo.assets,
    isSpent: vtxo.isSpent || vtxo.isSwept || vtxo.isUnrolled,
    // 0 = no expiry known.
    expiresAt: vtxo.expiresAt === 0 ? Number.MAX_SAFE_INTEGER : vtxo.expiresAt,
  };
}

async function getJson(url: string, { fetchImpl, timeoutMs = 10_000 }: IndexerOptions): Promise<unknown> {
  const get = fetchImpl ?? globalThis.fetch.bind(globalThis);
  const deadline = openDeadline(timeoutMs);
  try {
    const response = await get(url, { signal: deadline.signal });
    if (response.ok) return await response.json();
    throw new Error(`HTTP ${response.status}`);
  } catch (cause) {
    const detail = `arkd cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`;
    throw toGatewayError({ status: 0, code: "network_error", detail, retryable: true }, cause);
  } finally {
    deadline.close();
  }
}

function trim(url: string): string {
  return url.replace(/\/+$/, "");
}
