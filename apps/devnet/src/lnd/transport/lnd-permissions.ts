import { type MacaroonOp, parseMacaroonOp } from "../../macaroon/macaroon-id";

/** What a call needs, as lnd's rpcserver and sub-servers have it. */
const PERMISSIONS: Readonly<Record<string, readonly string[]>> = {
  "/lnrpc.Lightning/GetInfo": ["info:read"],
  "/lnrpc.Lightning/WalletBalance": ["onchain:read"],
  "/lnrpc.Lightning/GetTransactions": ["onchain:read"],
  "/lnrpc.Lightning/EstimateFee": ["onchain:read"],
  "/chainrpc.ChainNotifier/RegisterConfirmationsNtfn": ["onchain:read"],
  "/lnrpc.Lightning/ChannelBalance": ["offchain:read"],
  "/lnrpc.Lightning/ListChannels": ["offchain:read"],
  "/lnrpc.Lightning/PendingChannels": ["offchain:read"],
  "/lnrpc.Lightning/ClosedChannels": ["offchain:read"],
  "/lnrpc.Lightning/SubscribeChannelEvents": ["offchain:read"],
  "/lnrpc.Lightning/ListPayments": ["offchain:read"],
  "/lnrpc.Lightning/ForwardingHistory": ["offchain:read"],
  "/lnrpc.Lightning/DecodePayReq": ["offchain:read"],
  "/routerrpc.Router/TrackPaymentV2": ["offchain:read"],
  "/routerrpc.Router/TrackPayments": ["offchain:read"],
  "/routerrpc.Router/EstimateRouteFee": ["offchain:read"],
  "/lnrpc.Lightning/OpenChannel": ["onchain:write", "offchain:write"],
  "/lnrpc.Lightning/OpenChannelSync": ["onchain:write", "offchain:write"],
  "/lnrpc.Lightning/CloseChannel": ["onchain:write", "offchain:write"],
  "/routerrpc.Router/SendPaymentV2": ["offchain:write"],
  "/lnrpc.Lightning/AddInvoice": ["invoices:write"],
  "/invoicesrpc.Invoices/AddHoldInvoice": ["invoices:write"],
  "/invoicesrpc.Invoices/SettleInvoice": ["invoices:write"],
  "/invoicesrpc.Invoices/CancelInvoice": ["invoices:write"],
  "/invoicesrpc.Invoices/LookupInvoiceV2": ["invoices:write"],
  "/lnrpc.Lightning/LookupInvoice": ["invoices:read"],
  "/lnrpc.Lightning/ListInvoices": ["invoices:read"],
  "/lnrpc.Lightning/SubscribeInvoices": ["invoices:read"],
  "/invoicesrpc.Invoices/SubscribeSingleInvoice": ["invoices:read"],
  "/lnrpc.Lightning/ListPeers": ["peers:read"],
  "/lnrpc.Lightning/ConnectPeer": ["peers:write"],
  "/lnrpc.Lightning/SendCoins": ["onchain:write"],
  "/lnrpc.Lightning/NewAddress": ["address:write"],
  "/lnrpc.Lightning/CheckMacaroonPermissions": ["macaroon:read"],
  "/verrpc.Versioner/GetVersion": ["info:read"],
};

/** undefined = lnd knows no such method. */
export function permissionsOf(path: string): readonly MacaroonOp[] | undefined {
  return PERMISSIONS[path]?.map(parseMacaroonOp);
}

const READ = ["address", "info", "invoices", "macaroon", "message", "offchain", "onchain", "peers", "signer"];
const WRITE = ["address", "info", "invoices", "message", "offchain", "onchain", "peers"];

/**
 * The files in the daemon's folder. The first three are lnd's own; the others are what an operator would bake for the gateway, each
 * with a root key of its own, so that one can be revoked.
 */
export const LND_MACAROONS: Readonly<Record<string, { readonly rootKeyId: string; readonly ops: readonly string[] }>> =
  {
    admin: {
      rootKeyId: "0",
      ops: [
        ...READ.map((entity) => `${entity}:read`),
        ...WRITE.map((entity) => `${entity}:write`),
        "macaroon:generate",
        "macaroon:write",
        "signer:generate",
      ],
    },
    readonly: { rootKeyId: "0", ops: READ.map((entity) => `${entity}:read`) },
    invoice: {
      rootKeyId: "0",
      ops: ["address:read", "address:write", "invoices:read", "invoices:write", "onchain:read"],
    },
    "gateway-invoice": {
      rootKeyId: "1",
      ops: ["info:read", "address:read", "address:write", "invoices:read", "invoices:write"],
    },
    "gateway-pay": { rootKeyId: "2", ops: ["info:read", "offchain:read", "offchain:write"] },
    "gateway-channel": {
      rootKeyId: "3",
      ops: [
        "info:read",
        "address:write",
        "offchain:read",
        "offchain:write",
        "onchain:read",
        "onchain:write",
        "peers:read",
        "peers:write",
      ],
    },
  };
