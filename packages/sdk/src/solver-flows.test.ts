import { nodeWebSocket } from "./node-web-socket.js";
import type { NostrEvent } from "./nostr-event.js";
import { signEvent } from "./nostr-utils.js";
import { buildIntent31510 } from "./payloads.js";
import {
  acceptIntentAndIssueChallenge,
  type IntentFilter,
  type ReceivedIntent,
  startAndWaitCeremony,
  subscribeIntents,
} from "./solver-flows.js";
import { createSwapIntent } from "./swap-flows.js";
import { alice, bob, gateway, mallory, type TestKey } from "./testing/fake-gateway.js";
import { FakeRelay } from "./testing/fake-relay.js";

const now = (): number => Math.floor(Date.now() / 1000);

const GUSD = { assetId: "gUSD", amount: 5 };

interface Swap {
  readonly by?: TestKey;
  readonly type?: string;
  readonly solver?: string;
  readonly counterparties?: readonly string[];
  readonly to?: string;
  readonly expiresAt?: number;
}

function aSwap(actionId: string, swap: Swap = {}): NostrEvent {
  const { by = alice, type = "amm:swap", solver, counterparties, to = gateway.pubkey } = swap;
  const params =
    counterparties === undefined
      ? { in_asset: "gBTC", in_amount: 1_000 }
      : createSwapIntent({ counterparties, give: [{ assetId: "gBTC", amount: 1_000 }], receive: [GUSD] }).params;
  const { kind, content, tags } = buildIntent31510(actionId, type, params, swap.expiresAt ?? now() + 600, {
    gatewayPubkey: to,
    ...(solver === undefined ? {} : { solver_id: solver }),
  });
  return signEvent(by.secretKey, kind, content, tags);
}

describe("subscribing to intents", () => {
  let relays: FakeRelay[] = [];
  let stop = (): void => undefined;

  beforeEach(async () => {
    relays = await Promise.all([FakeRelay.start(), FakeRelay.start()]);
  });

  afterEach(async () => {
    stop();
    await Promise.all(relays.map((relay) => relay.stop()));
  });

  /** Subscribes; `until` resolves with the ids of everything that came, in order, once that action has come too. */
  function listen(filter: IntentFilter = {}) {
    const heard: string[] = [];
    let check = (): void => undefined;
    const onIntent = ({ intent }: ReceivedIntent): void => {
      heard.push(intent.action_id);
      check();
    };
    const urls = relays.map(({ url }) => url);
    stop = subscribeIntents(urls, gateway.pubkey, filter, onIntent, { webSocket: nodeWebSocket });
    const until = (actionId: string): Promise<readonly string[]> =>
      new Promise((resolve) => {
        check = () => void (heard.includes(actionId) && resolve(heard));
        check();
      });
    return { until };
  }

  it("hands out what the relays have and what comes, each event once whichever relays bring it", async () => {
    const [first, second] = relays;
    const both = aSwap("action-both");
    first?.push(both);
    second?.push(both);
    second?.push(aSwap("action-second"));
    const { until } = listen();
    await until("action-both");
    await until("action-second");
    second?.push(aSwap("action-late"));
    const heard = await until("action-late");
    expect([...heard].sort()).toEqual(["action-both", "action-late", "action-second"]);
  });

  it("leaves out what is forged, expired, no intent, or for another gateway", async () => {
    const [first] = relays;
    const genuine = aSwap("action-forged");
    first?.push({ ...genuine, content: genuine.content.replace("1000", "2000") });
    first?.push(aSwap("action-expired", { expiresAt: now() - 1 }));
    first?.push(aSwap("action-other", { to: mallory.pubkey }));
    first?.push(signEvent(alice.secretKey, 31510, "{}", [["p", gateway.pubkey]]));
    first?.push(aSwap("action-good"));
    expect(await listen().until("action-good")).toEqual(["action-good"]);
  });

  it("hands out only the types, users and named solvers that were asked for", async () => {
    const [first] = relays;
    first?.push(aSwap("action-type", { type: "lend:borrow", solver: bob.pubkey }));
    first?.push(aSwap("action-user", { by: mallory, solver: bob.pubkey }));
    first?.push(aSwap("action-nobody"));
    first?.push(aSwap("action-else", { solver: mallory.pubkey }));
    first?.push(aSwap("action-named", { type: "atomic_swap", counterparties: [bob.pubkey] }));
    first?.push(aSwap("action-solver", { solver: bob.pubkey }));
    const filter = { types: ["amm:swap", "atomic_swap"], authors: [alice.pubkey], solver: bob.pubkey };
    expect(await listen(filter).until("action-solver")).toEqual(["action-named", "action-solver"]);
  });

  it("is told of intents that came while a relay had dropped it", async () => {
    const [first] = relays;
    first?.push(aSwap("action-before"));
    const { until } = listen();
    await until("action-before");
    first?.dropConnections();
    first?.push(aSwap("action-after"));
    expect(await until("action-after")).toEqual(["action-before", "action-after"]);
  });
});

describe("accepting an intent", () => {
  const client = (asked: unknown[]) => ({
    createSession: async (...call: unknown[]) => {
      asked.push(call);
      return { session_id: "session-1" } as never;
    },
    createChallenge: async (...call: unknown[]) => {
      asked.push(call);
      return { challenge: { type: "sign_payload" } } as never;
    },
  });

  it("attaches a signed intent as its user's proof, and issues the challenge that the solver expects", async () => {
    const asked: unknown[] = [];
    const event = aSwap("action-0001");
    const issued = await acceptIntentAndIssueChallenge(client(asked), alice.pubkey, event);
    expect(issued).toEqual({ session_id: "session-1", challenge: { type: "sign_payload" } });
    expect(asked).toEqual([
      [alice.pubkey, "protocol_op", {}, { intent_event: event }],
      ["session-1", { type: "sign_payload" }, undefined, {}],
    ]);
  });

  it("opens a session over content that nobody has signed as the solver's own word", async () => {
    const asked: unknown[] = [];
    const intent = { action_id: "action-0002", type: "amm:swap", params: {} };
    await acceptIntentAndIssueChallenge(client(asked), alice.pubkey, intent);
    expect(asked[0]).toEqual([alice.pubkey, "protocol_op", intent, {}]);
  });
});

describe("starting a ceremony and waiting", () => {
  it.each([
    ["completed", true],
    ["failed", false],
    ["expired", false],
  ])("tells of a session that ends %s whether it succeeded", async (session_status, ok) => {
    const started: string[] = [];
    const status = { session_id: "session-1", session_status };
    const client = {
      startCeremony: async (sessionId: string) => void started.push(sessionId) as never,
      getCeremonyStatus: async () => status as never,
      streamSession: () => {
        throw new Error("no stream here");
      },
    };
    expect(await startAndWaitCeremony(client, "session-1")).toEqual([ok, status]);
    expect(started).toEqual(["session-1"]);
  });
});
