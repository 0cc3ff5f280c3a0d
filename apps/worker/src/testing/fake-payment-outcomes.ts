import type { UnpostedDeps } from "@arkrelay/core/ledger/unposted-operations";

/** What lnd says of payments in units of one Taproot Asset: settled to us, or paid by us; all others are under way. */
export function fakePaymentOutcomes(taprootAssetId: string) {
  const settled = new Map<string, bigint>();
  const paid = new Map<string, bigint>();
  const htlcs = (state: object, units: bigint) => [{ ...state, units: new Map([[taprootAssetId, units]]) }];
  const lightning = {
    lookupInvoice: async (hash: string) => {
      const units = settled.get(hash);
      return units === undefined
        ? { state: "accepted", htlcs: [] }
        : { state: "settled", htlcs: htlcs({ state: "settled" }, units) };
    },
    trackPayment: async (hash: string) => {
      const units = paid.get(hash);
      return units === undefined
        ? { status: "in_flight", htlcs: [] }
        : { status: "succeeded", htlcs: htlcs({ status: "succeeded", sentMsat: 0n }, units) };
    },
  } as unknown as UnpostedDeps["lightning"];
  return { settled, paid, lightning };
}
