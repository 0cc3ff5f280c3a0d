import { randomBytes } from "node:crypto";

import { aSecret } from "../testing/lnd-under-test";
import { refusalOf } from "../testing/refusal-of";
import { TAPD_RELEASES, type TapdUnderTest, aTapdClient, openTapd } from "../testing/tapd-under-test";

const COURIER = "universerpc://127.0.0.1:10029";
const SCRIPT_KEY = "02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5";

/**
 * What the gateway relies on in one tapd alone, over its own client. The same tests run against the simulator and, with CONTRACT_TAPD
 * and CONTRACT_LND set, against a real one. Nothing here costs coins or units.
 */
describe.each(TAPD_RELEASES)("tapd %s", (release) => {
  let tapd: TapdUnderTest;
  const unknown = randomBytes(32).toString("hex");

  beforeAll(async () => {
    tapd = await openTapd(release);
  });
  afterAll(async () => {
    await tapd.close();
  });

  test("tells what it is and on which lnd it stands", async () => {
    const info = await tapd.assets.getInfo();
    const { nodePubkey } = await tapd.lnd.getInfo();
    expect(info).toMatchObject({ network: tapd.endpoint.network, lndPubkey: nodePubkey });
    expect(info.version).toMatch(/^v?\d+\.\d+\.\d+/);
    expect(info.blockHeight).toBeGreaterThan(0);
  });

  test("knows no asset that nobody told it of, and has none of it", async () => {
    await expect(tapd.assets.getAssetInfo(unknown)).resolves.toBeUndefined();
    await expect(tapd.assets.getAssetBalance(unknown)).resolves.toEqual({
      assetId: unknown,
      balanceUnits: 0n,
      utxoCount: 0,
      channelUnits: 0n,
      unconfirmedUnits: 0n,
      leasedUnits: 0n,
    });
  });

  test("has its assets and balances one by one as it has them all", async () => {
    for (const asset of await tapd.assets.listAssets()) {
      expect(asset.assetId).toMatch(/^[0-9a-f]{64}$/);
      await expect(tapd.assets.getAssetInfo(asset.assetId)).resolves.toEqual(asset);
    }
    for (const balance of await tapd.assets.getAssetBalances()) {
      expect(balance.balanceUnits).toBeGreaterThanOrEqual(balance.leasedUnits + balance.unconfirmedUnits);
    }
  });

  test("finds neither batch nor transfer nor receive that was never there", async () => {
    await expect(tapd.assets.findBatch(SCRIPT_KEY)).resolves.toBeUndefined();
    await expect(tapd.assets.findTransfer(unknown)).resolves.toBeUndefined();
    await expect(tapd.assets.listReceives(new Date("2100-01-01"))).resolves.toEqual([]);
  });

  test("refuses to mint what has no name, before anything is queued", async () => {
    const issue = tapd.assets.issueAsset(
      { name: "", type: "normal", amountUnits: 1n, decimalDisplay: 0, isGrouped: false },
      () => Promise.reject(new Error("it was queued")),
    );
    expect(await refusalOf(issue)).toMatchObject({ code: "daemon_rejected", name: "asset_name_refused" });
  });

  describe("a proof", () => {
    const request = { assetId: unknown, scriptKey: SCRIPT_KEY, outpoint: undefined };

    test("that is not there is named so", async () => {
      expect(await refusalOf(tapd.assets.exportProof(request))).toMatchObject({ name: "proof_unknown" });
      expect(await refusalOf(tapd.assets.getAssetProof(request))).toMatchObject({ name: "proof_unknown" });
    });

    test("of garbage is not valid, and cannot be imported", async () => {
      await expect(tapd.assets.verifyAssetProof(randomBytes(64))).resolves.toEqual({
        isValid: false,
        proof: undefined,
      });
      expect(await refusalOf(tapd.assets.importProof(randomBytes(64)))).toMatchObject({ name: "proof_malformed" });
    });
  });

  describe("an address", () => {
    test.each(["taprt1qqqq", "not an address"])("that is none is refused: %s", async (encoded) => {
      expect((await refusalOf(tapd.assets.decodeAddress(encoded))).code).toBe("daemon_rejected");
      const sent = tapd.assets.sendAsset({ address: encoded, label: unknown });
      expect(await refusalOf(sent)).toMatchObject({ code: "daemon_rejected", name: "address_malformed" });
    });

    test("is made for a known asset only", async () => {
      const made = tapd.assets.newAddress({ assetId: unknown, amountUnits: 1n, courierAddr: COURIER });
      expect(await refusalOf(made)).toMatchObject({ name: "asset_unknown" });
    });
  });

  describe("without a channel for the asset", () => {
    test("no invoice is made", async () => {
      const made = tapd.assets.createAssetInvoice({
        assetId: unknown,
        amountUnits: 10n,
        paymentHash: aSecret().paymentHash,
        memo: "",
        expirySeconds: 300,
        cltvExpiry: 160,
      });
      expect(await refusalOf(made)).toMatchObject({ code: "daemon_rejected", name: "no_asset_channel" });
    });

    test("nobody sells, and a quote that was never given pays nothing", async () => {
      const order = { assetId: unknown, paymentMaxMsat: 1_000_000n, expirySeconds: 60 };
      await expect(tapd.assets.requestSellQuote(order)).resolves.toBeUndefined();
      const { preimage, paymentHash } = aSecret();
      const terms = { preimage, valueMsat: 1_000_000n, memo: "", expirySeconds: 600 };
      const { bolt11 } = await tapd.lnd.addInvoice(terms);
      const paid = tapd.assets.payAssetInvoice({
        assetId: unknown,
        bolt11,
        paymentHash,
        rfqId: aSecret().paymentHash,
        peerPubkey: SCRIPT_KEY,
        feeLimitMsat: 1_000n,
        timeoutSeconds: 10,
        cltvLimit: 1_000,
      });
      await expect(paid).resolves.toEqual({ kind: "no_quote" });
    });
  });

  test("asks for a macaroon and says that it is missing", async () => {
    const stranger = aTapdClient({ ...tapd.endpoint, macaroonFile: undefined }, tapd.lnd);
    expect(await refusalOf(stranger.listAssets())).toMatchObject({
      code: "daemon_auth_failed",
      name: "macaroon_missing",
    });
    stranger.close();
  });
});
