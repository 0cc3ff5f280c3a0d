import type { GetSubscriptionResponse, IndexerSubscriptionEvent } from "@arkrelay/daemons/proto/ark/v1/indexer";

import type { SeededRandom } from "../../clock/seeded-random";
import { ArkdError } from "../engine/arkd-error";
import type { ArkdEvent, ArkdEvents } from "../engine/arkd-events";
import type { Sink } from "./rpc";
import { toWireVtxo } from "./wire-vtxo";

/** arkd buffers this many events for a subscription without a stream; further ones are lost without a word. */
const BUFFERED_EVENTS_MAX = 100;
/** arkd forgets a subscription nobody reads after this time. */
const REATTACH_MS = 60_000;

interface Subscription {
  readonly id: string;
  readonly scripts: Set<string>;
  /** Lives and dies with its stream. */
  readonly isBoundToStream: boolean;
  readonly buffered: IndexerSubscriptionEvent[];
  sink: Sink<GetSubscriptionResponse> | undefined;
  expiry: NodeJS.Timeout | undefined;
}

/** The indexer's script subscriptions. In memory only, as in arkd: a restart forgets them all. */
export class Subscriptions {
  readonly #subscriptions = new Map<string, Subscription>();

  constructor(
    events: ArkdEvents,
    private readonly random: SeededRandom,
    private readonly reattachMs = REATTACH_MS,
  ) {
    events.listen((event) => this.#publish(event));
  }

  /** Makes a subscription, or adds scripts to the named one. Throws SUBSCRIPTION_NOT_FOUND. */
  subscribe(scripts: readonly string[], id: string): string {
    const subscription = id === "" ? this.#create(false) : this.#get(id);
    for (const script of scripts) subscription.scripts.add(script);
    return subscription.id;
  }

  /** Removes scripts; without scripts, or with the last one, the subscription itself. */
  unsubscribe(id: string, scripts: readonly string[]): void {
    const subscription = this.#get(id);
    for (const script of scripts) subscription.scripts.delete(script);
    if (scripts.length === 0 || subscription.scripts.size === 0) this.#remove(subscription);
  }

  /** Gives the stream what was buffered and what comes. An earlier stream of the same id is displaced. */
  attach(id: string, sink: Sink<GetSubscriptionResponse>): void {
    const subscription = this.#get(id);
    const displaced = subscription.sink;
    subscription.sink = undefined;
    displaced?.end();
    this.#connect(subscription, sink);
  }

  /** A subscription of this stream alone; its id comes as the first message. */
  attachNew(scripts: readonly string[], sink: Sink<GetSubscriptionResponse>): void {
    const subscription = this.#create(true);
    for (const script of scripts) subscription.scripts.add(script);
    sink.send({ data: { $case: "subscriptionStarted", value: { subscriptionId: subscription.id } } });
    this.#connect(subscription, sink);
  }

  clear(): void {
    for (const subscription of this.#subscriptions.values()) this.#remove(subscription);
  }

  #connect(subscription: Subscription, sink: Sink<GetSubscriptionResponse>): void {
    clearTimeout(subscription.expiry);
    subscription.sink = sink;
    for (const value of subscription.buffered.splice(0)) sink.event({ data: { $case: "event", value } });
    sink.onClose(() => {
      // A displaced stream closes after its successor took over.
      if (subscription.sink !== sink) return;
      subscription.sink = undefined;
      if (subscription.isBoundToStream) this.#subscriptions.delete(subscription.id);
      else this.#expireLater(subscription);
    });
  }

  #create(isBoundToStream: boolean): Subscription {
    const id = this.random.id();
    const subscription: Subscription = {
      id,
      scripts: new Set(),
      isBoundToStream,
      buffered: [],
      sink: undefined,
      expiry: undefined,
    };
    this.#subscriptions.set(id, subscription);
    this.#expireLater(subscription);
    return subscription;
  }

  #get(id: string): Subscription {
    const subscription = this.#subscriptions.get(id);
    if (subscription === undefined) throw new ArkdError("SUBSCRIPTION_NOT_FOUND", `subscription ${id} not found`);
    return subscription;
  }

  #expireLater(subscription: Subscription): void {
    clearTimeout(subscription.expiry);
    subscription.expiry = setTimeout(() => this.#remove(subscription), this.reattachMs).unref();
  }

  #remove(subscription: Subscription): void {
    clearTimeout(subscription.expiry);
    this.#subscriptions.delete(subscription.id);
    subscription.sink?.end();
  }

  #publish(event: ArkdEvent): void {
    for (const subscription of this.#subscriptions.values()) {
      const value = eventFor(subscription.scripts, event);
      if (value === undefined) continue;
      if (subscription.sink !== undefined) subscription.sink.event({ data: { $case: "event", value } });
      else if (subscription.buffered.length < BUFFERED_EVENTS_MAX) subscription.buffered.push(value);
    }
  }
}

function eventFor(scripts: ReadonlySet<string>, event: ArkdEvent): IndexerSubscriptionEvent | undefined {
  const created = event.kind === "sweep_tx" ? [] : event.created.filter(({ script }) => scripts.has(script));
  const spent = event.kind === "sweep_tx" ? [] : event.spent.filter(({ script }) => scripts.has(script));
  const swept = event.kind === "sweep_tx" ? event.swept.filter(({ script }) => scripts.has(script)) : [];
  const touched = [...created, ...spent, ...swept];
  if (touched.length === 0) return undefined;
  const checkpoints = event.kind === "ark_tx" ? event.checkpoints : [];
  return {
    txid: event.txid,
    scripts: [...new Set(touched.map(({ script }) => script))],
    newVtxos: created.map(toWireVtxo),
    spentVtxos: spent.map(toWireVtxo),
    tx: event.kind === "sweep_tx" ? "" : event.psbt,
    checkpointTxs: Object.fromEntries(checkpoints.map(({ vtxoId, txid, psbt }) => [vtxoId, { txid, tx: psbt }])),
    sweptVtxos: swept.map(toWireVtxo),
  };
}
