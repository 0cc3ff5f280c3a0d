import { Router } from "express";
import { z } from "zod";

import type { DevnetParts } from "../devnet-parts";
import { TapdError } from "../tapd/engine/tapd-error";
import { openAssetChannel } from "./open-asset-channel";
import { invalidField, parseBody } from "./parse-body";

const UNITS_MAX = Number.MAX_SAFE_INTEGER;
const EXPIRY_SECONDS_MAX = 31_536_000;

const AssetId = z.string().regex(/^[0-9a-f]{64}$/, "must be 64 lower-case hex characters");
const Key33 = z.string().regex(/^0[23][0-9a-f]{64}$/, "must be a compressed key of 66 lower-case hex characters");
const Outpoint = z.string().regex(/^[0-9a-f]{64}:\d+$/, "must be txid:vout");
const Units = z.int().min(1).max(UNITS_MAX);

const SettingsBody = z
  .strictObject({
    version: z.enum(["0.7", "0.8"]).optional(),
    channels: z.boolean().optional(),
    price_oracle: z.boolean().optional(),
    courier_addr: z.string().optional(),
    quote_lifetime_seconds: z.int().min(1).max(EXPIRY_SECONDS_MAX).optional(),
  })
  .refine((body) => Object.keys(body).length > 0, "at least one setting");
const RateBody = z.strictObject({
  // Of an asset or of a group.
  asset: z.union([AssetId, Key33]),
  units_per_btc: z.string().regex(/^[1-9]\d{0,30}$/, "must be a positive decimal integer"),
  scale: z.int().min(0).max(18).default(0),
});
const ChannelBody = z.strictObject({ name: z.string().min(1).max(64), amount: Units });
const MintBody = z.strictObject({
  name: z.string().min(1).max(64),
  amount: Units,
  grouped: z.boolean().default(false),
  decimal_display: z.int().min(0).max(12).default(0),
});
const AddressBody = z.strictObject({ asset_id: AssetId, amount: Units });
const PayBody = z.strictObject({ address: z.string().min(1), amount: Units.optional() });
const PayScriptKeyBody = z.strictObject({ asset_id: AssetId, amount: Units, script_key: Key33 });
const ProofParams = z.strictObject({ outpoint: Outpoint, scriptKey: Key33 });

/** tapd's operator, the price feed, and the tapd of the wallet outside. */
export function tapdRoutes(parts: DevnetParts): Router {
  const { tapdEngine, tapd } = parts;
  const router = Router();
  const { outside } = tapdEngine;
  router.post("/tapd/settings", (req, res) => {
    const body = parseBody(SettingsBody, req.body);
    tapdEngine.changeSettings({
      ...(body.version === undefined ? {} : { version: body.version }),
      ...(body.channels === undefined ? {} : { hasChannels: body.channels }),
      ...(body.price_oracle === undefined ? {} : { hasPriceOracle: body.price_oracle }),
      ...(body.courier_addr === undefined ? {} : { courierAddr: body.courier_addr }),
      ...(body.quote_lifetime_seconds === undefined ? {} : { quoteLifetimeSeconds: body.quote_lifetime_seconds }),
    });
    res.status(204).end();
  });
  router.post("/tapd/rate", (req, res) => {
    const { asset, units_per_btc, scale } = parseBody(RateBody, req.body);
    const rate = { coefficient: BigInt(units_per_btc), scale };
    tapdEngine.changeSettings({ rates: { ...tapdEngine.settings.rates, [asset]: rate } });
    res.status(204).end();
  });
  router.post("/tapd/rotate-tls", async (_req, res) => {
    await tapd.rotateTls();
    res.status(204).end();
  });
  router.post("/tapd/channel", (req, res) => {
    const { name, amount } = parseBody(ChannelBody, req.body);
    res.json({ asset_id: refusedAs("name", () => openAssetChannel(parts, { name, amount: BigInt(amount) })) });
  });
  router.post("/tapd/outside/mint", (req, res) => {
    const { name, amount, grouped, decimal_display } = parseBody(MintBody, req.body);
    const mint = { name, amount: BigInt(amount), isGrouped: grouped, decimalDisplay: decimal_display };
    const assetId = outside.mint(mint);
    res.json({ asset_id: assetId, group_key: tapdEngine.wallet.genesisOf(assetId).groupKey });
  });
  router.post("/tapd/outside/address", (req, res) => {
    const { asset_id, amount } = parseBody(AddressBody, req.body);
    res.json({ address: refusedAs("asset_id", () => outside.newAddress(asset_id, BigInt(amount))).encoded });
  });
  router.post("/tapd/outside/pay", (req, res) => {
    const { address, amount } = parseBody(PayBody, req.body);
    const transfer = refusedAs("address", () => outside.pay(address, BigInt(amount ?? 0)));
    res.json({ txid: transfer.txid });
  });
  router.post("/tapd/outside/pay-script-key", (req, res) => {
    const { asset_id, amount, script_key } = parseBody(PayScriptKeyBody, req.body);
    const transfer = refusedAs("asset_id", () => outside.payScriptKey(asset_id, BigInt(amount), script_key));
    const output = transfer.outputs.find(({ scriptKey }) => scriptKey === script_key);
    res.json({ txid: transfer.txid, outpoint: output?.outpoint });
  });
  router.get("/tapd/outside/proof/:outpoint/:scriptKey", (req, res) => {
    const { outpoint, scriptKey } = parseBody(ProofParams, req.params);
    const piece = outside.findPiece(outpoint, scriptKey);
    if (piece === undefined || piece.height === 0) throw invalidField("outpoint", "there is no confirmed piece here");
    res.json({ proof_file: tapdEngine.proofs.fileOf(piece).toString("hex") });
  });
  return router;
}

/** What the outside tapd refuses is wrong with this field. */
function refusedAs<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof TapdError) throw invalidField(path, error.message);
    throw error;
  }
}
