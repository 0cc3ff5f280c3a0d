import { type MacaroonOp, parseMacaroonOp } from "../../macaroon/macaroon-id";

/** What each call asks of a macaroon (taprpc/perms.go). */
const BY_SERVICE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "taprpc.TaprootAssets": {
    GetInfo: "daemon:read",
    ListAssets: "assets:read",
    FetchAsset: "assets:read",
    FetchAssetMeta: "assets:read",
    ListGroups: "assets:read",
    ListUtxos: "assets:read",
    ListBalances: "assets:read",
    ListTransfers: "assets:read",
    SubscribeSendEvents: "assets:read",
    SubscribeReceiveEvents: "assets:read",
    SendAsset: "assets:write",
    BurnAsset: "assets:write",
    RegisterTransfer: "assets:write proofs:write",
    NewAddr: "addresses:write",
    DecodeAddr: "addresses:read",
    QueryAddrs: "addresses:read",
    AddrReceives: "addresses:read",
    ExportProof: "proofs:read",
    VerifyProof: "proofs:read",
    DecodeProof: "proofs:read",
    UnpackProofFile: "proofs:read",
  },
  "assetwalletrpc.AssetWallet": { DeclareScriptKey: "assets:write" },
  "mintrpc.Mint": {
    MintAsset: "mint:write",
    FundBatch: "mint:write",
    SealBatch: "mint:write",
    FinalizeBatch: "mint:write",
    CancelBatch: "mint:write",
    ListBatches: "mint:read",
    SubscribeMintEvents: "mint:read",
  },
  "universerpc.Universe": {
    QueryProof: "universe:read",
    InsertProof: "universe:write",
    SyncUniverse: "universe:write",
  },
  "rfqrpc.Rfq": {
    AddAssetBuyOrder: "rfq:write",
    AddAssetSellOrder: "rfq:write",
    QueryPeerAcceptedQuotes: "rfq:read",
    // Reading, and yet tapd asks for writing.
    SubscribeRfqEventNtfns: "rfq:write",
  },
  "tapchannelrpc.TaprootAssetChannels": {
    FundChannel: "channels:write",
    AddInvoice: "channels:write",
    SendPayment: "channels:write",
    DecodeAssetPayReq: "channels:read",
    ListInvoices: "channels:read",
    ListPayments: "channels:read",
    SubscribeInvoices: "channels:read",
    SubscribePayments: "channels:read",
    TrackPayment: "channels:read",
  },
};

/** By the path of a call; undefined = tapd has no such call. */
export const TAPD_PERMISSIONS: ReadonlyMap<string, readonly MacaroonOp[]> = new Map(
  Object.entries(BY_SERVICE).flatMap(([service, methods]) =>
    Object.entries(methods).map(([method, ops]) => [`/${service}/${method}`, ops.split(" ").map(parseMacaroonOp)]),
  ),
);

const ENTITIES = [
  "daemon",
  "assets",
  "addresses",
  "proofs",
  "mint",
  "universe",
  "rfq",
  "channels",
  "macaroon",
] as const;

/** Admin and readonly are tapd's own; the third is what an operator would bake for the gateway (0.8 and later). */
export const TAPD_MACAROONS: Readonly<Record<string, readonly MacaroonOp[]>> = {
  admin: ENTITIES.flatMap((entity) => ["read", "write"].map((action) => ({ entity, action }))),
  readonly: ENTITIES.map((entity) => ({ entity, action: "read" })),
  gateway: [
    { entity: "daemon", action: "read" },
    ...["assets", "addresses", "proofs", "mint", "universe", "rfq", "channels"].flatMap((entity) =>
      ["read", "write"].map((action) => ({ entity, action })),
    ),
  ],
};
