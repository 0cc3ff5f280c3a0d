import { processServiceRequest } from "@arkrelay/core/nostr-service/process-service-request";
import type { ServiceRequestDeps } from "@arkrelay/core/nostr-service/service-deps";
import { SERVICE_REQUEST_KIND, SERVICE_RESPONSE_KIND } from "@arkrelay/core/nostr/kinds";
import { nostrEventSchema } from "@arkrelay/core/nostr/nostr-event";
import type { DmScheme, NostrEvent } from "@arkrelay/core/ports/nostr";
import type { TestKey } from "@arkrelay/core/testing/ark-transfer";
import { DrizzleArkInfoStore } from "@arkrelay/db/stores/ark-info-store";
import { DrizzleNostrEventStore } from "@arkrelay/db/stores/nostr-event-store";
import type { TestDatabase } from "@arkrelay/db/testing/test-database";
import { createGatewayIdentity } from "@arkrelay/nostr/gateway-identity";

import type { CeremonyWorld } from "./ceremony-world";
import type { LiftWorld } from "./lift-world";

/** A world whose users also send service requests (31500) and read what comes back. */
export function openRequests<W extends CeremonyWorld>(test: TestDatabase, world: W) {
  const { database } = test;
  const events = new DrizzleNostrEventStore(database);
  const knownArkInfo = new DrizzleArkInfoStore(database);
  const deps: W["deps"] & ServiceRequestDeps = { ...world.deps, events, knownArkInfo };
  const gatewayPubkey = deps.identity?.pubkey ?? "";
  let serial = 0;

  /** A stored 31500 of a user, as the listener leaves it. */
  const store = async (
    user: TestKey,
    text: string,
    sealedBy: TestKey = user,
    scheme: DmScheme = "nip44",
  ): Promise<NostrEvent> => {
    serial += 1;
    const event = createGatewayIdentity(user.secretKey).sign({
      kind: SERVICE_REQUEST_KIND,
      created_at: Math.floor(world.clock.now().getTime() / 1000) + serial,
      tags: [["p", gatewayPubkey]],
      content: createGatewayIdentity(sealedBy.secretKey).encrypt(gatewayPubkey, text, scheme),
    });
    await database.transactions.run((tx) =>
      events.insert(tx, { event, relay: "ws://relay.test", errorCode: undefined }),
    );
    return event;
  };
  /** As nostr_process does with it. */
  const process = async (event: NostrEvent) => {
    const processed = await processServiceRequest(deps, event);
    await database.transactions.run((tx) => events.close(tx, event, processed.errorCode));
    return processed;
  };
  /** Events of ours to a user, opened with the user's key, oldest first. */
  const readOutbox = async (user: TestKey, kind: number) => {
    const wallet = createGatewayIdentity(user.secretKey);
    const rows = await database.select("SELECT raw, status FROM nostr_outbox WHERE kind = ? ORDER BY id", [kind]);
    return rows.flatMap((row) => {
      const event = nostrEventSchema.parse(JSON.parse(String(row["raw"])));
      if (!event.tags.some(([name, value]) => name === "p" && value === user.pubkey)) return [];
      const { plainText } = wallet.decrypt(gatewayPubkey, event.content);
      return [{ event, status: row["status"], plainText, content: JSON.parse(plainText) as Record<string, unknown> }];
    });
  };
  const answersTo = (user: TestKey) => readOutbox(user, SERVICE_RESPONSE_KIND);
  const send = async (user: TestKey, fields: object) => {
    const event = await store(user, JSON.stringify(fields));
    return { event, ...(await process(event)) };
  };

  return {
    ...world,
    deps,
    store,
    process,
    readOutbox,
    answersTo,
    send,
    /** Sends a request and returns what was answered last. */
    ask: async (user: TestKey, fields: object): Promise<Record<string, unknown>> => {
      await send(user, fields);
      return (await answersTo(user)).at(-1)?.content ?? {};
    },
  };
}

export type Requests = ReturnType<typeof openRequests<LiftWorld>>;
