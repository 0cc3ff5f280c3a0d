import type { RegisteredAsset } from "../asset/registered-asset";
import { AppError } from "../errors";
import { ManualClock } from "../testing/manual-clock";
import { thrownBy } from "../testing/thrown-by";
import { askForLand, InvoiceQuotes } from "./invoice-quotes";

const GOLD: RegisteredAsset = {
  id: 1n,
  assetId: "gold",
  name: "Gold",
  ticker: "GLD",
  assetType: "normal",
  decimalPlaces: 0,
  totalSupply: 0n,
  issued: 0n,
  backing: "taproot",
  status: "active",
  arkAssetId: `${"aa".repeat(32)}0000`,
  taprootAssetId: "ab".repeat(32),
  taprootGroupKey: undefined,
  units: { carrier: 3n, minLift: 1n, maxLift: 9n, minLand: 1n, maxLand: 9n },
  metadata: {},
  createdAt: new Date(0),
};

function open(decode: () => Promise<{ units: bigint; amountMsat: bigint }>) {
  const clock = new ManualClock(0);
  const asked: string[] = [];
  const tapd = {
    decodeAssetInvoice: (assetId: string) => (asked.push(assetId), decode()),
    getAssetBalance: async (assetId: string) => ({
      assetId,
      balanceUnits: 0n,
      utxoCount: 0,
      channelUnits: 800n,
      unconfirmedUnits: 0n,
      leasedUnits: 0n,
    }),
  };
  const assets = { find: async (_tx: unknown, assetId: string) => (assetId === "gold" ? GOLD : undefined) };
  return { clock, asked, quotes: new InvoiceQuotes({ assets, clock, tapd }) };
}

const worth50 = async () => ({ units: 50n, amountMsat: 50_000_000n });

it("knows what tapd said of an invoice for a minute, under its name in capitals too", async () => {
  const { quotes, clock, asked } = open(worth50);
  await quotes.ask("gold", "LNBCRT1");
  expect(quotes.current("gold", "lnbcrt1")).toEqual({ units: 50n, channelUnits: 800n });
  expect(asked).toEqual([GOLD.taprootAssetId]);
  clock.advance(60_000);
  expect(thrownBy(() => quotes.current("gold", "lnbcrt1"))).toMatchObject({ code: "daemon_unavailable" });
});

it("tells what went wrong when the answer is wanted, not when tapd is asked", async () => {
  const { quotes } = open(() => Promise.reject(new AppError("daemon_rejected")));
  await quotes.ask("gold", "lnbcrt1");
  expect(thrownBy(() => quotes.current("gold", "lnbcrt1"))).toMatchObject({ code: "daemon_rejected" });
});

it.each([
  ["params alone", { asset_id: "gold", lightning_invoice: "lnbcrt1" }, 1],
  ["a whole content", { action_id: "x", params: { asset_id: "gold", lightning_invoice: "lnbcrt1" } }, 1],
  ["the text of an event", JSON.stringify({ params: { asset_id: "gold", lightning_invoice: "lnbcrt1" } }), 1],
  ["sats", { asset_id: "gBTC", lightning_invoice: "lnbcrt1" }, 0],
  ["a transfer", { asset_id: "gold", recipient_pubkey: "aa" }, 0],
  ["no JSON at all", "{", 0],
  ["nothing", undefined, 0],
])("asks for the land in %s", async (_what, intent, times) => {
  const { quotes, asked } = open(worth50);
  await askForLand(quotes, intent);
  expect(asked).toHaveLength(times);
});
