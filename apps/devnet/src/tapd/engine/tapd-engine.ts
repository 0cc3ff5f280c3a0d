import type { LndEvent } from "../../lnd/engine/lnd-events";
import { AddressBook } from "./address-book";
import { checkFeeRate } from "./anchor-fee";
import { AssetChannels } from "./asset-channels";
import { splitOutpoint } from "./asset-id";
import { AssetPayments } from "./asset-payments";
import { AssetWallet } from "./asset-wallet";
import { ChainPorter } from "./chain-porter";
import { Minter } from "./minter";
import { OutsideTapd } from "./outside-tapd";
import { ProofArchive } from "./proof-archive";
import { recipientOf } from "./put-transfer";
import { RfqDesk } from "./rfq-desk";
import type { AssetSpecifier, TapAddress, TapdSettings, Transfer } from "./rows";
import { TapdCore, type TapdDeps } from "./tapd-core";
import { TapdError } from "./tapd-error";
import type { TapdEvents } from "./tapd-events";
import type { TapdState } from "./tapd-state";

/** tapd's safety phrase. */
const BURN_CONFIRMATION = "assets will be destroyed";

/**
 * The simulated tapd without its transport. Every method is synchronous, so no two calls interleave; each effect is one journal
 * line, written before it is applied. It lives on the simulated lnd's wallet, blocks and payments.
 */
export class TapdEngine {
  readonly wallet: AssetWallet;
  readonly minter: Minter;
  readonly addresses: AddressBook;
  readonly porter: ChainPorter;
  readonly proofs: ProofArchive;
  readonly channels: AssetChannels;
  readonly rfq: RfqDesk;
  readonly payments: AssetPayments;
  readonly outside: OutsideTapd;
  readonly #core: TapdCore;

  constructor(deps: TapdDeps) {
    const core = new TapdCore(deps);
    this.#core = core;
    this.wallet = new AssetWallet(core);
    this.minter = new Minter(core);
    this.addresses = new AddressBook(core, this.wallet, core.facts.network);
    this.porter = new ChainPorter(core, this.wallet);
    this.proofs = new ProofArchive(core, this.wallet);
    this.channels = new AssetChannels(core, this.wallet);
    this.rfq = new RfqDesk(core, this.channels);
    this.payments = new AssetPayments(core, this.channels, this.rfq);
    this.outside = new OutsideTapd(core, this.porter, this.addresses);
    core.lnd.events.listen((event) => this.#onLndEvent(event));
    core.lnd.setAssetLayer(this.payments);
    this.catchUp();
  }

  get state(): TapdState {
    return this.#core.state;
  }

  get events(): TapdEvents {
    return this.#core.events;
  }

  get settings(): TapdSettings {
    return this.state.currentSettings;
  }

  get facts(): TapdCore["facts"] {
    return this.#core.facts;
  }

  get lnd(): TapdCore["lnd"] {
    return this.#core.lnd;
  }

  /** A universe is reached by the same way as a courier, so both go down together. */
  isUniverseDown(): boolean {
    return this.#core.faults.isCourierDown();
  }

  nowMs(): number {
    return this.#core.nowMs();
  }

  /** Throws tapd's texts in its order: addresses, fee rate, couriers, coins. */
  sendAsset(request: {
    readonly recipients: readonly { readonly encoded: string; readonly amount: bigint }[];
    readonly feeRateSatPerKw: number;
    readonly label: string;
    readonly isPingSkipped: boolean;
  }): Transfer {
    const paid = request.recipients.map(({ encoded, amount }, index) => this.#payable(encoded, amount, index));
    const [first] = paid;
    if (first === undefined) {
      throw new TapdError("at least one addr is required, either in the tap_addrs or addresses_with_amounts");
    }
    if (paid.some(({ address }) => !isSameAsset(address, first.address))) {
      throw new TapdError("error parsing addresses: all addrs must be of the same asset specifier");
    }
    checkFeeRate(request.feeRateSatPerKw);
    if (!request.isPingSkipped && this.#core.faults.isCourierDown()) {
      throw new TapdError(`failed to ping proof courier(s) (error_count=${paid.length})`);
    }
    return this.porter.send({
      sender: "local",
      specifier: specifierOf(first.address),
      recipients: paid.map(({ address, amount }) => recipientOf(address, amount)),
      label: request.label === "" ? `rpcsendasset-${first.address.encoded}` : request.label,
      feeRateSatPerKw: request.feeRateSatPerKw,
    });
  }

  burn(specifier: AssetSpecifier, amount: bigint, confirmationText: string, note: string): Transfer {
    if (amount === 0n) throw new TapdError("amount to burn must be specified");
    if (confirmationText !== BURN_CONFIRMATION) {
      throw new TapdError(
        "invalid confirmation text, please read API doc and confirm safety measure to avoid accidental asset burns",
      );
    }
    // The key nobody can sign for: tapd derives it from the spent piece.
    const effect = this.#core.begin();
    const [scriptKey, internalKey] = [effect.nextScriptKey(), effect.nextPubkey()];
    effect.commit();
    return this.porter.send({
      sender: "local",
      specifier,
      recipients: [
        {
          amount,
          holder: "local",
          scriptKey,
          scriptKeyType: "burn",
          internalKey,
          outputKey: internalKey.slice(2),
          tapAddr: "",
          courierAddr: "",
        },
      ],
      label: note,
      feeRateSatPerKw: 0,
    });
  }

  changeSettings(change: Partial<TapdSettings>): void {
    const effect = this.#core.begin();
    effect.put("settings", "settings", { ...this.settings, ...change });
    effect.commit();
  }

  /** After a start, or when the courier came back: what happened at lnd and at the courier while nobody listened. */
  catchUp(): void {
    for (const txid of this.#unconfirmedTxids()) {
      const height = this.#core.facts.confirmationHeight(txid);
      if (height !== undefined) this.#onConfirmed(txid, height);
    }
    for (const { paymentHash, direction, state } of this.state.htlcs.values()) {
      if (state !== "in_flight") continue;
      const invoice = direction === "incoming" ? this.#core.lnd.findInvoice(paymentHash) : undefined;
      const payment = direction === "outgoing" ? this.#core.lnd.findPayment(paymentHash) : undefined;
      if (invoice !== undefined) this.payments.onInvoice(invoice);
      if (payment !== undefined) this.payments.onPayment(payment);
    }
    this.porter.deliverWaiting();
  }

  #onLndEvent(event: LndEvent): void {
    switch (event.kind) {
      case "transaction":
        if (event.change === "confirmed") {
          this.#onConfirmed(event.txid, this.#core.facts.confirmationHeight(event.txid) ?? this.#core.lnd.height);
        }
        if (event.change === "reorged_out") {
          this.porter.onReorgedOut(event.txid);
          this.proofs.forgetSealed();
        }
        return;
      case "invoice":
        return this.payments.onInvoice(event.invoice);
      case "payment":
        return this.payments.onPayment(event.payment);
      case "channel":
        if (event.change === "open" || event.change === "active") this.channels.onOpen(event.channelPoint);
        if (event.change === "closed") this.channels.onClosed(event.channelPoint);
        return;
      case "block":
      case "settings":
        return;
    }
  }

  #onConfirmed(txid: string, height: number): void {
    this.porter.onConfirmed(txid, height);
    this.minter.onConfirmed(txid);
  }

  #unconfirmedTxids(): ReadonlySet<string> {
    const txids = [...this.state.pieces.values()].flatMap(({ height, outpoint, spentBy, isSpendConfirmed }) => [
      ...(height === 0 ? [splitOutpoint(outpoint).txid] : []),
      ...(spentBy !== "" && !isSpendConfirmed ? [spentBy] : []),
    ]);
    return new Set(txids);
  }

  #payable(encoded: string, amount: bigint, index: number): { readonly address: TapAddress; readonly amount: bigint } {
    if (encoded === "") throw new TapdError(`error parsing addresses: addr ${index} must be specified`);
    const address = this.#decodeForSend(encoded);
    if (amount > 0n && address.amount > 0n && amount !== address.amount) {
      throw new TapdError(
        `error parsing addresses: addr '${encoded}' has a non-zero amount defined, cannot override amount in addresses_with_amounts`,
      );
    }
    if (amount === 0n && address.amount === 0n) {
      throw new TapdError(
        `error parsing addresses: addr '${encoded}' has no amount defined, please set the amount in the addresses_with_amounts`,
      );
    }
    return { address, amount: address.amount === 0n ? amount : address.amount };
  }

  #decodeForSend(encoded: string): TapAddress {
    try {
      return this.addresses.decode(encoded);
    } catch (error) {
      throw new TapdError(`error parsing addresses: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

/** A V2 address of a group is paid with any asset of it. */
function specifierOf({ assetId, groupKey, addressVersion }: TapAddress): AssetSpecifier {
  return addressVersion === 2 && groupKey !== "" ? { assetId: "", groupKey } : { assetId, groupKey: "" };
}

function isSameAsset(left: TapAddress, right: TapAddress): boolean {
  const [first, second] = [specifierOf(left), specifierOf(right)];
  return first.assetId === second.assetId && first.groupKey === second.groupKey;
}
