import type { Channel, Owner } from "./channel";
import type { Invoice } from "./invoice";
import type { LndEvent, LndEvents } from "./lnd-events";
import { DEFAULT_LND_SETTINGS, type LndSettings } from "./lnd-settings";
import type { Payment } from "./payment";
import { type PlainJson, fromPlainJson, toPlainJson } from "./plain-json";
import type { Coin, Peer, WalletAddress, WalletTransaction } from "./wallet-records";

/** Counters and sums of the whole simulation; one row. */
export interface LndMeta {
  readonly height: number;
  /** Makes block hashes differ after a reorg. */
  readonly reorgCount: number;
  readonly addIndex: bigint;
  readonly settleIndex: bigint;
  readonly paymentIndex: bigint;
  readonly attemptId: bigint;
  readonly txCount: bigint;
  readonly addressCount: number;
  /** Everything that ever came into being: at the beginning, and by later deposits. */
  readonly issuedMsat: bigint;
  readonly minerFeesMsat: bigint;
  /** What our payments left with forwarding nodes. */
  readonly routingFeesPaidMsat: bigint;
  /** On-chain money of the other parties. */
  readonly peerMsat: bigint;
  readonly outsideMsat: bigint;
  readonly settings: LndSettings;
}

/** A payment of others that has gone through the node. */
export interface Forward {
  readonly settledAtNs: bigint;
  readonly inChanId: bigint;
  readonly outChanId: bigint;
  readonly inMsat: bigint;
  readonly outMsat: bigint;
}

interface Tables {
  meta: LndMeta;
  invoices: Invoice;
  outsideInvoices: Invoice;
  payments: Payment;
  outsidePayments: Payment;
  forwards: Forward;
  channels: Channel;
  coins: Coin;
  transactions: WalletTransaction;
  addresses: WalletAddress;
  peers: Peer;
}
type TableName = keyof Tables;
type Change = readonly [table: TableName, key: string, value: PlainJson | null];

/** One effect with all its rows; replayed in order it gives the state again. `reset` empties everything first. */
export interface LndRecord {
  readonly type: "changes";
  readonly isReset?: true;
  readonly changes: readonly Change[];
}

interface OpenTransaction {
  readonly undo: (() => void)[];
  readonly changes: Change[];
  readonly events: LndEvent[];
}

const META_KEY = "meta";

export const EMPTY_META: LndMeta = {
  height: 0,
  reorgCount: 0,
  addIndex: 0n,
  settleIndex: 0n,
  paymentIndex: 0n,
  attemptId: 0n,
  txCount: 0n,
  addressCount: 0,
  issuedMsat: 0n,
  minerFeesMsat: 0n,
  routingFeesPaidMsat: 0n,
  peerMsat: 0n,
  outsideMsat: 0n,
  settings: DEFAULT_LND_SETTINGS,
};

/**
 * The whole state of the simulated network. Rows are values that are replaced, never changed. All changes of one transaction are one
 * journal record, so that a crash leaves an effect as a whole or not at all; its events go out after the journal has it.
 */
export class LndStore {
  readonly #tables: { readonly [T in TableName]: Map<string, Tables[T]> } = {
    meta: new Map(),
    invoices: new Map(),
    outsideInvoices: new Map(),
    payments: new Map(),
    outsidePayments: new Map(),
    forwards: new Map(),
    channels: new Map(),
    coins: new Map(),
    transactions: new Map(),
    addresses: new Map(),
    peers: new Map(),
  };
  #open: OpenTransaction | undefined;

  constructor(
    private readonly append: (record: LndRecord) => void,
    private readonly events: LndEvents,
  ) {}

  get isEmpty(): boolean {
    return !this.#tables.meta.has(META_KEY);
  }

  get meta(): LndMeta {
    return this.#tables.meta.get(META_KEY) ?? EMPTY_META;
  }

  get settings(): LndSettings {
    return this.meta.settings;
  }

  get channels(): ReadonlyMap<string, Channel> {
    return this.#tables.channels;
  }

  /** In the order in which they settled. */
  get forwards(): ReadonlyMap<string, Forward> {
    return this.#tables.forwards;
  }

  get coins(): ReadonlyMap<string, Coin> {
    return this.#tables.coins;
  }

  get transactions(): ReadonlyMap<string, WalletTransaction> {
    return this.#tables.transactions;
  }

  get addresses(): ReadonlyMap<string, WalletAddress> {
    return this.#tables.addresses;
  }

  get peers(): ReadonlyMap<string, Peer> {
    return this.#tables.peers;
  }

  /** By payment hash, in the order of their add_index. */
  invoices(owner: Owner): ReadonlyMap<string, Invoice> {
    return owner === "node" ? this.#tables.invoices : this.#tables.outsideInvoices;
  }

  /** Ours by payment hash, in the order of their payment_index; those of the outside wallet by hash and attempt. */
  payments(owner: Owner): ReadonlyMap<string, Payment> {
    return owner === "node" ? this.#tables.payments : this.#tables.outsidePayments;
  }

  /** Runs work that changes rows; a throw undoes all of it. Within another transaction it is part of that one. */
  transact<T>(work: () => T): T {
    if (this.#open !== undefined) return work();
    const open: OpenTransaction = { undo: [], changes: [], events: [] };
    this.#open = open;
    try {
      const result = work();
      if (open.changes.length > 0) this.append({ type: "changes", changes: open.changes });
      this.#open = undefined;
      for (const event of open.events) this.events.emit(event);
      return result;
    } catch (error) {
      // An event listener's error comes after the effect, which then stands.
      if (this.#open === open) for (const undo of open.undo.toReversed()) undo();
      this.#open = undefined;
      throw error;
    }
  }

  changeMeta(change: Partial<LndMeta>): void {
    this.#put("meta", META_KEY, { ...this.meta, ...change });
  }

  putInvoice(owner: Owner, invoice: Invoice): void {
    this.#put(owner === "node" ? "invoices" : "outsideInvoices", invoice.paymentHash, invoice);
  }

  putPayment(owner: Owner, key: string, payment: Payment): void {
    this.#put(owner === "node" ? "payments" : "outsidePayments", key, payment);
  }

  /** For a payment that is tried again: its new row comes last. */
  deletePayment(hash: string): void {
    this.#delete("payments", hash);
  }

  putChannel(channel: Channel): void {
    this.#put("channels", channel.channelPoint, channel);
  }

  putForward(forward: Forward): void {
    this.#put("forwards", String(forward.settledAtNs), forward);
  }

  putCoin(coin: Coin): void {
    this.#put("coins", coin.outpoint, coin);
  }

  putTransaction(transaction: WalletTransaction): void {
    this.#put("transactions", transaction.txid, transaction);
  }

  putAddress(address: WalletAddress): void {
    this.#put("addresses", address.address, address);
  }

  putPeer(peer: Peer): void {
    this.#put("peers", peer.pubkey, peer);
  }

  deletePeer(pubkey: string): void {
    this.#delete("peers", pubkey);
  }

  /** Sent when the transaction is in the journal. */
  emit(event: LndEvent): void {
    this.#transaction().events.push(event);
  }

  /** Replays a record of the journal. */
  apply(record: LndRecord): void {
    if (record.isReset === true) this.#clear();
    for (const [table, key, value] of record.changes) {
      if (value === null) this.#tables[table].delete(key);
      // The journal wrote it from a row of this table.
      else (this.#tables[table] as Map<string, unknown>).set(key, fromPlainJson(value));
    }
  }

  /** Empties everything. */
  reset(): void {
    this.append({ type: "changes", isReset: true, changes: [] });
    this.#clear();
  }

  /** The whole state as one record: all that a journal needs. */
  snapshot(): LndRecord {
    const tables = Object.keys(this.#tables) as TableName[];
    const changes = tables.flatMap((table) =>
      [...this.#tables[table]].map(([key, row]): Change => [table, key, toPlainJson(row)]),
    );
    return { type: "changes", isReset: true, changes };
  }

  #clear(): void {
    for (const table of Object.values(this.#tables)) table.clear();
  }

  #put<T extends TableName>(table: T, key: string, value: Tables[T]): void {
    const rows: Map<string, Tables[T]> = this.#tables[table];
    const before = rows.get(key);
    const { undo, changes } = this.#transaction();
    rows.set(key, value);
    undo.push(() => (before === undefined ? rows.delete(key) : rows.set(key, before)));
    changes.push([table, key, toPlainJson(value)]);
  }

  #delete(table: TableName, key: string): void {
    const rows = this.#tables[table] as Map<string, unknown>;
    const before = rows.get(key);
    if (before === undefined) return;
    const { undo, changes } = this.#transaction();
    rows.delete(key);
    undo.push(() => rows.set(key, before));
    changes.push([table, key, null]);
  }

  #transaction(): OpenTransaction {
    if (this.#open === undefined) throw new Error("a row was changed outside of a transaction");
    return this.#open;
  }
}
