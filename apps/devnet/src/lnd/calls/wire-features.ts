import type { Feature } from "@arkrelay/daemons/proto/lnrpc/lightning";

/** Names as lnd gives them to the pairs of BOLT 9 bits (even = required, odd = optional). */
const NAMES: Readonly<Record<number, string>> = {
  0: "data-loss-protect",
  4: "upfront-shutdown-script",
  6: "gossip-queries",
  8: "tlv-onion",
  12: "static-remote-key",
  14: "payment-addr",
  16: "multi-path-payments",
  18: "wumbo-channels",
  22: "anchors-zero-fee-htlc-tx",
  24: "route-blinding",
  30: "amp",
};

export function toFeatures(bits: readonly number[]): { [bit: number]: Feature } {
  return Object.fromEntries(
    bits.map((bit) => {
      const name = NAMES[bit - (bit % 2)];
      return [bit, { name: name ?? "unknown", isRequired: bit % 2 === 0, isKnown: name !== undefined }];
    }),
  );
}
