import path from "node:path";

import { readProtos } from "./testing/read-protos";

/** Published proto files: lnd 0.20, tapd 0.7 (with the lnd files it was built with), and an lnd newer than 0.21. */
const PUBLISHED = [
  publishedIn(require.resolve("@lightningpolar/lnd-api/package.json"), "protos"),
  publishedIn(require.resolve("@lightningpolar/tapd-api/package.json"), "protos"),
  publishedIn(require.resolve("lightning/package.json"), "grpc/protos"),
];

/**
 * What tapd got after 0.7, the newest published version, by its release notes of 0.8. A message, enum or service stands for all
 * that is in it.
 */
const NEWER_THAN_PUBLISHED = new Map(
  Object.entries({
    "FetchAsset, 0.8.0": [
      "taprpc.TaprootAssets/FetchAsset",
      "taprpc.AssetSpecifier",
      "taprpc.FetchAssetRequest",
      "taprpc.FetchAssetResponse",
    ],
    "pages of assets and receives, 0.8.0": [
      "taprpc.ListAssetRequest.offset",
      "taprpc.ListAssetRequest.limit",
      "taprpc.ListAssetRequest.direction",
      "taprpc.AddrReceivesRequest.offset",
      "taprpc.AddrReceivesRequest.limit",
      "taprpc.AddrReceivesRequest.direction",
      "taprpc.SortDirection",
    ],
    "kind and group in transfers, 0.8.0": [
      "taprpc.TransferInput.group_key",
      "taprpc.TransferInput.asset_type",
      "taprpc.TransferOutput.group_key",
      "taprpc.TransferOutput.asset_type",
    ],
    "burning by group, 0.8.0": ["taprpc.BurnAssetRequest.asset_specifier", "taprpc.BurnAssetResponse.burn_proofs"],
    "limits of orders and partial fills, 0.8.0": [
      "rfqrpc.ExecutionPolicy",
      "rfqrpc.AddAssetBuyOrderRequest.asset_min_amt",
      "rfqrpc.AddAssetBuyOrderRequest.asset_rate_limit",
      "rfqrpc.AddAssetBuyOrderRequest.execution_policy",
      "rfqrpc.AddAssetSellOrderRequest.payment_min_amt",
      "rfqrpc.AddAssetSellOrderRequest.asset_rate_limit",
      "rfqrpc.AddAssetSellOrderRequest.execution_policy",
      "rfqrpc.PeerAcceptedBuyQuote.accepted_max_amount",
      "rfqrpc.PeerAcceptedSellQuote.accepted_max_amount",
      "rfqrpc.QuoteRespStatus.PORTFOLIO_PILOT_ERR",
      "rfqrpc.QuoteRespStatus.VALID_ACCEPT_QUOTE",
      "rfqrpc.QuoteRespStatus.MIN_FILL_NOT_MET",
      "rfqrpc.QuoteRespStatus.RATE_BOUND_MISS",
      "rfqrpc.QuoteRespStatus.FOK_NOT_VIABLE",
      "tapchannelrpc.AddInvoiceRequest.asset_min_amt",
      "tapchannelrpc.AddInvoiceRequest.asset_rate_limit",
      "tapchannelrpc.AddInvoiceRequest.execution_policy",
    ],
    "invoices and payments over assets, 0.8.1": [
      "tapchannelrpc.TaprootAssetChannels/ListInvoices",
      "tapchannelrpc.TaprootAssetChannels/ListPayments",
      "tapchannelrpc.TaprootAssetChannels/SubscribeInvoices",
      "tapchannelrpc.TaprootAssetChannels/SubscribePayments",
      "tapchannelrpc.TaprootAssetChannels/TrackPayment",
      "tapchannelrpc.AssetAmount",
      "tapchannelrpc.AssetInvoice",
      "tapchannelrpc.AssetPayment",
      "tapchannelrpc.ListInvoicesRequest",
      "tapchannelrpc.ListInvoicesResponse",
      "tapchannelrpc.ListPaymentsRequest",
      "tapchannelrpc.ListPaymentsResponse",
      "tapchannelrpc.SubscribeInvoicesRequest",
      "tapchannelrpc.SubscribePaymentsRequest",
      "tapchannelrpc.TrackPaymentRequest",
    ],
  }),
);

const newer = [...NEWER_THAN_PUBLISHED.values()].flat();
const ours = readProtos(path.resolve(__dirname, "../../../protos"), ["ark/", "google/"]);

function publishedIn(
  manifest: string,
  folder: string,
): { readonly name: string; readonly declared: Map<string, string> } {
  const home = path.dirname(manifest);
  return { name: path.basename(home), declared: readProtos(path.join(home, folder)) };
}

function isPublished(name: string): boolean {
  return PUBLISHED.some(({ declared }) => declared.has(name));
}

/** Fields and enum values of one message or enum that carry a number. */
function numbersOf(scope: string, declared: Map<string, string>): ReadonlyMap<string, string> {
  const members = [...declared].filter(([name, text]) => /^\d/.test(text) && parentOf(name) === scope);
  return new Map(members.map(([name, text]) => [text.replace(/ .*/, ""), name]));
}

function parentOf(name: string): string {
  return name.slice(0, name.lastIndexOf("."));
}

test("every name, number, type, label, oneof and stream of our protos of lnd and tapd is the published one", () => {
  const differences = PUBLISHED.flatMap((source) =>
    [...ours]
      .filter(([name, text]) => source.declared.has(name) && source.declared.get(name) !== text)
      .map(([name, text]) => `${name}: ours ${text}, ${source.name} ${source.declared.get(name)}`),
  );
  expect(differences).toEqual([]);
});

test("nothing in our protos is unpublished, but for the listed news of tapd 0.8", () => {
  const unpublished = [...ours.keys()].filter((name) => !isPublished(name) && !newer.includes(parentOf(name)));
  expect(unpublished.toSorted()).toEqual(newer.toSorted());
});

test("a listed newer field or value takes no number that a published one has", () => {
  const taken = newer.flatMap((name) =>
    PUBLISHED.map(({ declared }) => numbersOf(parentOf(name), declared).get(ours.get(name)?.replace(/ .*/, "") ?? "")),
  );
  expect(taken.filter(Boolean)).toEqual([]);
});
