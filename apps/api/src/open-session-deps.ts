import { AppError } from "@arkrelay/core/errors";
import type { InsertJobDeps } from "@arkrelay/core/jobs/insert-job";
import { InvoiceQuotes, type InvoiceQuotesDeps } from "@arkrelay/core/lightning/invoice-quotes";
import type { LightningSessionDeps } from "@arkrelay/core/lightning/lightning-deps";
import type { Waker } from "@arkrelay/core/ports/waker";
import type { ArkInfoSource, LightningInfoSource } from "@arkrelay/core/session/session-deps";
import type { Database } from "@arkrelay/db/connection";
import { DrizzleArkInfoStore } from "@arkrelay/db/stores/ark-info-store";
import { DrizzleLightningInfoStore } from "@arkrelay/db/stores/lightning-info-store";
import type { OnLightningStatus } from "@arkrelay/db/stores/lightning-store";
import { DrizzleNostrOutbox } from "@arkrelay/db/stores/nostr-outbox-store";
import { DrizzleNostrPeers } from "@arkrelay/db/stores/nostr-peer-store";
import { openLightningStores } from "@arkrelay/db/stores/open-lightning-stores";
import { openSessionStores } from "@arkrelay/db/stores/open-session-stores";
import type { SessionObserver } from "@arkrelay/db/stores/session-observer";
import { loadGatewayIdentity } from "@arkrelay/nostr/gateway-identity";
import { systemClock } from "@arkrelay/runtime/clock";
import { toLightningConfig } from "@arkrelay/runtime/config/to-lightning-config";
import { toSessionConfig } from "@arkrelay/runtime/config/to-session-config";
import { systemRandom } from "@arkrelay/runtime/random";
import { createSealer } from "@arkrelay/runtime/sealing";

import type { ApiConfig } from "./config";

interface SessionObservers {
  readonly onOutboxInsert: () => void;
  readonly onLightningStatus: OnLightningStatus;
  readonly observer: SessionObserver;
  /** Of webhook deliveries. */
  readonly waker: Waker;
}

/** Everything the use cases of sessions, lifts and lands need, over one database. */
export function openSessionDeps(
  config: ApiConfig,
  database: Database,
  jobs: InsertJobDeps,
  tapd: InvoiceQuotesDeps["tapd"],
  { onOutboxInsert, onLightningStatus, observer, waker }: SessionObservers,
): LightningSessionDeps {
  const sealer = createSealer(config.sealing);
  const stores = openSessionStores(database, sealer, waker, observer);
  const lightning = openLightningStores(database, sealer, onLightningStatus, waker);
  return {
    clock: systemClock,
    random: systemRandom,
    config: toSessionConfig(config),
    lightningConfig: toLightningConfig(config),
    ...stores,
    operations: lightning.operations,
    budgets: lightning.budgets,
    jobs,
    lightningInfo: storedLightningInfo(database),
    invoiceQuotes: new InvoiceQuotes({ assets: stores.assets, clock: systemClock, tapd }),
    arkInfo: storedArkInfo(database),
    outbox: new DrizzleNostrOutbox({ relays: config.nostr.relays, onInsert: onOutboxInsert }),
    peers: new DrizzleNostrPeers(database, config.nostr.dmScheme),
    identity: openIdentity(config),
  };
}

/** Without a key, challenges travel over HTTP only. */
function openIdentity({ nostr }: ApiConfig): LightningSessionDeps["identity"] {
  if (nostr.privateKey === undefined && nostr.sealedPrivateKey === undefined) return undefined;
  return loadGatewayIdentity(
    {
      privateKey: nostr.privateKey,
      sealedKey: nostr.sealedPrivateKey,
      encryptionKey: nostr.sealedPrivateKeyOpener,
    },
    nostr.previousKeys,
  );
}

/** The API never waits for lnd: it reads what a worker has seen last. */
function storedLightningInfo(database: Database): LightningInfoSource {
  const store = new DrizzleLightningInfoStore(database);
  return {
    async current() {
      const facts = await store.find();
      if (facts === undefined) throw new AppError("not_ready", { message: "The Lightning node is not known yet." });
      return facts;
    },
  };
}

const KEPT_MS = 2_000;

/** The API never waits for arkd: it reads what the services process has seen last. */
function storedArkInfo(database: Database): ArkInfoSource {
  const store = new DrizzleArkInfoStore(database);
  const read = async () => {
    const info = await store.find();
    if (info === undefined) throw new AppError("not_ready", { message: "arkd's parameters are not known yet." });
    return info;
  };
  let kept: { readonly info: ReturnType<typeof read>; readonly untilMs: number } | undefined;
  return {
    current: () => {
      const nowMs = performance.now();
      if (kept !== undefined && kept.untilMs > nowMs) return kept.info;
      const info = read();
      kept = { info, untilMs: nowMs + KEPT_MS };
      info.catch(() => (kept = undefined));
      return info;
    },
  };
}
