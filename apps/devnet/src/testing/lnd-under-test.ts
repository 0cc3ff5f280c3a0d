import { randomBytes } from "node:crypto";

import { SILENT_OBSERVER } from "@arkrelay/daemons/daemon-observer";
import { GrpcLightningNode, type LndEndpoint } from "@arkrelay/daemons/lnd/grpc-lightning-node";

import { sha256Hex } from "../lnd/engine/lnd-context";
import type { LndProfile } from "../lnd/engine/lnd-settings";
import { RunningLnd } from "../lnd/testing/an-lnd";
import { endpointOf, liveEndpoint } from "./live-daemon";

/** The payer and payee at the other end of the network. */
export interface OutsideWallet {
  addInvoice(valueMsat: bigint): Promise<OutsideInvoice>;
  addHoldInvoice(valueMsat: bigint): Promise<OutsideInvoice>;
  settle(paymentHash: string): Promise<void>;
  cancel(paymentHash: string): Promise<void>;
  /** Begins to pay and does not wait for the end. */
  pay(bolt11: string): Promise<void>;
}

export interface OutsideInvoice {
  readonly bolt11: string;
  readonly paymentHash: string;
}

/** What only a chain of our own allows. */
export interface OwnChain {
  mine(blocks: number): Promise<void>;
  /** The next block holds a transaction of somebody else. */
  includeForeign(txid: string): void;
  /** A node that lnd is connected to and that accepts channels. */
  readonly peerPubkey: string;
}

export interface LndUnderTest {
  /** The gateway's own client. */
  readonly node: GrpcLightningNode;
  readonly endpoint: LndEndpoint;
  /** undefined = a real lnd without a second one (CONTRACT_LND_OUTSIDE). */
  readonly outside: OutsideWallet | undefined;
  /** undefined = a real lnd. */
  readonly chain: OwnChain | undefined;
  close(): Promise<void>;
}

/** Releases that the simulator plays; the real lnd is whatever it is. */
export const LND_RELEASES: readonly (LndProfile | "live")[] =
  liveEndpoint("LND") === undefined ? ["0.18", "0.20", "0.21"] : ["live"];

export function openLnd(release: LndProfile | "live"): Promise<LndUnderTest> {
  return release === "live" ? openLive() : openSimulated(release);
}

export function aClientOf(endpoint: LndEndpoint): GrpcLightningNode {
  return new GrpcLightningNode(endpoint, { observer: SILENT_OBSERVER, requestId: () => undefined });
}

/** A preimage nobody has used, and its hash. */
export function aSecret(): { readonly preimage: string; readonly paymentHash: string } {
  const preimage = randomBytes(32).toString("hex");
  return { preimage, paymentHash: sha256Hex(preimage) };
}

async function openSimulated(profile: LndProfile): Promise<LndUnderTest> {
  const lnd = await RunningLnd.start({ profile });
  const { port, tlsCertFile, macaroonFiles } = lnd.daemon;
  const endpoint = endpointOf({ port, tlsCertFile, macaroonFile: macaroonFiles["admin"] });
  const node = aClientOf(endpoint);
  const { engine } = lnd;
  const outside: OutsideWallet = {
    addInvoice: (valueMsat) => Promise.resolve(toOutsideInvoice(engine.addOutsideInvoice({ valueMsat }))),
    addHoldInvoice: (valueMsat) =>
      Promise.resolve(toOutsideInvoice(engine.addOutsideInvoice({ valueMsat, isKept: true }))),
    settle: (paymentHash) => Promise.resolve(void engine.settleOutsideInvoice({ paymentHash })),
    cancel: (paymentHash) => Promise.resolve(void engine.cancelOutsideInvoice(paymentHash)),
    pay: (bolt11) => Promise.resolve(void engine.payFromOutside(bolt11, undefined)),
  };
  return {
    node,
    endpoint,
    outside,
    chain: {
      mine: (blocks) => Promise.resolve(engine.syncToHeight(engine.height + blocks)),
      includeForeign: (txid) => void lnd.foreign.set(txid, engine.height + 1),
      peerPubkey: engine.peerPubkey,
    },
    close: async () => {
      node.close();
      await lnd.stop();
    },
  };
}

function toOutsideInvoice(invoice: { readonly paymentRequest: string; readonly paymentHash: string }): OutsideInvoice {
  return { bolt11: invoice.paymentRequest, paymentHash: invoice.paymentHash };
}

function openLive(): Promise<LndUnderTest> {
  const endpoint = liveEndpoint("LND");
  if (endpoint === undefined) throw new Error("CONTRACT_LND is not set");
  const node = aClientOf(endpoint);
  const outsideEndpoint = liveEndpoint("LND_OUTSIDE");
  const second = outsideEndpoint === undefined ? undefined : aClientOf(outsideEndpoint);
  return Promise.resolve({
    node,
    endpoint,
    outside: second === undefined ? undefined : outsideOf(second),
    chain: undefined,
    close: () => {
      node.close();
      second?.close();
      return Promise.resolve();
    },
  });
}

/** A second lnd as the wallet outside. */
function outsideOf(node: GrpcLightningNode): OutsideWallet {
  const preimages = new Map<string, string>();
  const terms = { memo: "conformance", expirySeconds: 3_600 };
  return {
    addInvoice: (valueMsat) => node.addInvoice({ ...terms, valueMsat, preimage: aSecret().preimage }),
    addHoldInvoice: (valueMsat) => {
      const { preimage, paymentHash } = aSecret();
      preimages.set(paymentHash, preimage);
      return node.addHoldInvoice({ ...terms, valueMsat, paymentHash, cltvExpiry: 80 });
    },
    settle: async (paymentHash) => {
      // An HTLC that has left the payer's node is not here yet.
      for await (const { state } of node.subscribeInvoice(paymentHash, AbortSignal.timeout(25_000))) {
        if (state === "accepted") break;
      }
      await node.settleInvoice(preimages.get(paymentHash) ?? "");
    },
    cancel: (paymentHash) => node.cancelInvoice(paymentHash),
    pay: async (bolt11) => {
      const { paymentHash } = await node.decodePaymentRequest(bolt11);
      const limits = { amountMsat: undefined, feeLimitMsat: 10_000n, timeoutSeconds: 60, cltvLimit: 2_000 };
      // Held invoices keep it in flight; whoever asked looks at the receiving side.
      node.sendPayment({ bolt11, paymentHash, ...limits }).catch(() => undefined);
    },
  };
}
