/** What tapd asks of its lnd beside LndNode. */
export interface LndFacts {
  readonly version: string;
  readonly alias: string;
  readonly network: string;
  /** Display order. */
  blockHash(height: number): string;
  /** undefined while it is unconfirmed, or unknown. */
  confirmationHeight(txid: string): number | undefined;
  /** Throws lnd's text for what is no payment request of this network. `amountMsat` 0 = open. */
  decodePaymentRequest(paymentRequest: string): {
    readonly paymentHash: string;
    readonly amountMsat: bigint;
    /** Unix seconds. */
    readonly expiresAt: number;
  };
  /** Fee of the route a payment would take now; undefined = no route. */
  estimateFeeMsat(paymentRequest: string, amountMsat: bigint): bigint | undefined;
  /** Where a channel's money went; undefined while it is open. */
  closingTxid(channelPoint: string): string | undefined;
}
