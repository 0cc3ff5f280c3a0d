import type { Bolt11Field } from "../../bolt11/bolt11-invoice";
import { encodeBolt11 } from "../../bolt11/encode-bolt11";
import { type Owner, endOf, isUnclosed, otherEnd, partyAt } from "./channel";
import type { HopHint, Invoice, NewInvoice } from "./invoice";
import { type LndContext, NETWORK, sha256Hex } from "./lnd-context";
import { LndError } from "./lnd-error";
import { FORWARDING_CLTV_DELTA, LND_PROFILES } from "./lnd-settings";
import { toFallbackField } from "./onchain-address";

const MEMO_BYTES_MAX = 1024;
/** A field of a BOLT 11 invoice counts its 5-bit words in 10 bits. */
const FIELD_WORDS_MAX = 1023;
const EXPIRY_SECONDS = 86_400;
const EXPIRY_SECONDS_MAX = 31_536_000;
const CLTV_EXPIRY = 80;
const CLTV_EXPIRY_MAX = 65_535;
/** var_onion_optin and payment_secret required, basic_mpp optional: what lnd's invoices ask for. */
export const INVOICE_FEATURES = [8, 14, 17] as const;

/** Makes an invoice of our node or of the outside wallet. Throws lnd's refusals. */
export function addInvoice(context: LndContext, owner: Owner, wanted: NewInvoice): Invoice {
  const { store, random, clock, keys } = context;
  checkNewInvoice(context, wanted);
  const isHold = wanted.paymentHash !== undefined || wanted.isKept === true;
  const known = wanted.paymentHash === undefined ? (wanted.preimage ?? random.bytes().toString("hex")) : "";
  const paymentHash = wanted.paymentHash ?? sha256Hex(known);
  if (store.invoices(owner).has(paymentHash)) throw new LndError("invoice with payment hash already exists");
  return store.transact(() => {
    const addIndex = owner === "node" ? store.meta.addIndex + 1n : BigInt(store.invoices(owner).size) + 1n;
    const unsigned: Omit<Invoice, "paymentRequest"> = {
      paymentHash,
      preimage: isHold ? "" : known,
      isHold,
      keptPreimage: isHold ? known : "",
      memo: wanted.memo ?? "",
      descriptionHash: wanted.descriptionHash ?? "",
      valueMsat: wanted.valueMsat,
      paymentAddr: random.bytes().toString("hex"),
      fallbackAddr: wanted.fallbackAddr ?? "",
      routeHints: [...(wanted.routeHints ?? []), ...(wanted.isPrivate === true ? privateHints(context, owner) : [])],
      isPrivate: wanted.isPrivate ?? false,
      createdAt: clock.nowSeconds(),
      // 0 means the default, as in lnd.
      expirySeconds: wanted.expirySeconds || EXPIRY_SECONDS,
      cltvExpiry: wanted.cltvExpiry || CLTV_EXPIRY,
      addIndex,
      settleIndex: 0n,
      settledAt: 0,
      amountPaidMsat: 0n,
      state: "open",
      htlcs: [],
    };
    const invoice = { ...unsigned, paymentRequest: sign(unsigned, keys.secretOf(owner)) };
    store.putInvoice(owner, invoice);
    if (owner === "node") {
      store.changeMeta({ addIndex });
      store.emit({ kind: "invoice", change: "added", invoice });
    }
    return invoice;
  });
}

function checkNewInvoice({ store }: LndContext, wanted: NewInvoice): void {
  const { valueMsat, memo = "", descriptionHash = "", expirySeconds = 0, cltvExpiry = 0 } = wanted;
  if (valueMsat < 0n) throw new LndError(`payments of negative value are not allowed, value is ${valueMsat}`);
  const memoBytes = Buffer.byteLength(memo);
  if (memoBytes > MEMO_BYTES_MAX) {
    throw new LndError(`memo too large: ${memoBytes} bytes (maxsize=${MEMO_BYTES_MAX})`);
  }
  const memoWords = Math.ceil((memoBytes * 8) / 5);
  if (memoWords > FIELD_WORDS_MAX) {
    throw new LndError(`data length too big to fit within 10 bits: ${memoWords}`);
  }
  if (descriptionHash !== "" && descriptionHash.length !== 64) {
    throw new LndError(`description hash is ${descriptionHash.length / 2} bytes, must be 32`);
  }
  if (expirySeconds < 0) throw new LndError(`expiry of ${expirySeconds} seconds is negative`);
  if (expirySeconds > EXPIRY_SECONDS_MAX) {
    throw new LndError(`expiry of ${expirySeconds} seconds greater than max expiry of ${EXPIRY_SECONDS_MAX} seconds`);
  }
  if (cltvExpiry > CLTV_EXPIRY_MAX) {
    throw new LndError(`CLTV delta of ${cltvExpiry} is too large, max accepted is: ${CLTV_EXPIRY_MAX}`);
  }
  const { minCltvExpiry } = LND_PROFILES[store.settings.profile];
  if (cltvExpiry !== 0 && cltvExpiry < minCltvExpiry) {
    throw new LndError(`CLTV delta of ${cltvExpiry} must be greater than minimum of ${minCltvExpiry}`);
  }
}

/** Private channels are unknown to payers, so the invoice names them. */
function privateHints({ store, keys }: LndContext, owner: Owner): readonly (readonly HopHint[])[] {
  return [...store.channels.values()].flatMap((channel) => {
    const end = endOf(channel, owner);
    if (end === undefined || !channel.isPrivate || !isUnclosed(channel) || channel.chanId === 0n) return [];
    const { feeBaseMsat, feePpm } = store.settings;
    const hint = {
      nodeId: keys.pubkeyOf(partyAt(channel, otherEnd(end))),
      chanId: channel.chanId,
      feeBaseMsat: Number(feeBaseMsat),
      feeProportionalMillionths: Number(feePpm),
      cltvExpiryDelta: FORWARDING_CLTV_DELTA,
    };
    return [[hint]];
  });
}

function sign(invoice: Omit<Invoice, "paymentRequest">, secret: Uint8Array): string {
  const description: Bolt11Field =
    invoice.descriptionHash === ""
      ? { tag: "description", text: invoice.memo }
      : { tag: "description_hash", hash: invoice.descriptionHash };
  const fields: readonly Bolt11Field[] = [
    { tag: "payment_hash", hash: invoice.paymentHash },
    description,
    { tag: "min_final_cltv_expiry", blocks: invoice.cltvExpiry },
    { tag: "expiry", seconds: invoice.expirySeconds },
    ...(invoice.fallbackAddr === "" ? [] : [toFallbackField(invoice.fallbackAddr)]),
    ...invoice.routeHints.map((hops): Bolt11Field => ({
      tag: "route",
      hops: hops.map(({ nodeId, chanId, ...fees }) => ({ pubkey: nodeId, shortChannelId: chanId, ...fees })),
    })),
    { tag: "payment_secret", secret: invoice.paymentAddr },
    { tag: "features", bits: INVOICE_FEATURES },
  ];
  const amountMsat = invoice.valueMsat === 0n ? undefined : invoice.valueMsat;
  return encodeBolt11({ network: NETWORK, amountMsat, timestamp: invoice.createdAt, fields }, secret);
}
