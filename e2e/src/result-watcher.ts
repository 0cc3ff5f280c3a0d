import { Relay, useWebSocketImplementation } from "nostr-tools/relay";
import { WebSocket } from "ws";

import type { StackInfo } from "./running-stack";

useWebSocketImplementation(WebSocket);

/**
 * Keeps the id of every result event (31340, 31341) that passes, by the intent it is about; also of one that a later
 * event of the same `d` replaces on the relay. Two different events about one intent would be two answers to one question.
 */
export async function watchResults(
  stack: StackInfo,
): Promise<{ readonly seen: Map<string, Set<string>>; stop(): void }> {
  const relay = await Relay.connect(stack.relay_urls[0] ?? "");
  const seen = new Map<string, Set<string>>();
  await new Promise<void>((resolve) => {
    relay.subscribe([{ kinds: [31340, 31341], authors: [stack.gateway_pubkey] }], {
      onevent: (event) => {
        const about = event.tags.find(([name]) => name === "e")?.[1];
        if (about !== undefined) seen.set(about, (seen.get(about) ?? new Set<string>()).add(event.id));
      },
      oneose: resolve,
    });
  });
  return { seen, stop: () => relay.close() };
}
