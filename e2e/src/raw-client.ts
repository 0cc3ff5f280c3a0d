import { SingleKey, Transaction } from "@arkade-os/sdk";
import { type Event, finalizeEvent, getPublicKey, nip44 } from "nostr-tools";
import { Relay, useWebSocketImplementation } from "nostr-tools/relay";
import { WebSocket } from "ws";
import { z } from "zod";

import type { StackInfo } from "./running-stack";

/**
 * A client written from the contract alone, with nostr-tools, fetch and @arkade-os/sdk: nothing of ours is in it. It
 * trusts the gateway (it verifies nothing), because what it proves is that the protocol is open to anybody.
 */
useWebSocketImplementation(WebSocket);

const itemSchema = z.looseObject({ role: z.string(), txid: z.string(), input: z.int() });
const challengeSchema = z.looseObject({
  session_id: z.string(),
  challenge_id: z.string(),
  type: z.literal("sign_tx"),
  stage: z.enum(["ark_tx", "checkpoint_txs"]),
  payload_ref: z.string(),
  items: z.array(itemSchema),
  ark_psbt: z.string(),
  checkpoint_psbts: z.array(z.string()),
});
type Challenge = z.infer<typeof challengeSchema>;

export interface RawPayment {
  readonly recipient: string;
  readonly amountSats: number;
  readonly actionId: string;
}

const nowSeconds = (): number => Math.floor(Date.now() / 1000);
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

function intentOf({ recipient, amountSats, actionId }: RawPayment) {
  const params = {
    asset_id: "gBTC",
    amount: amountSats,
    recipient_pubkey: recipient,
    fee_asset_id: "gBTC",
    fee_amount: 10,
  };
  return { action_id: actionId, type: "p2p_transfer", params, expires_at: nowSeconds() + 300 };
}

/** One signature per item, made by the Ark SDK's own key class over the PSBT it came in. */
async function signItems(challenge: Challenge, secretKey: Uint8Array) {
  const key = SingleKey.fromPrivateKey(secretKey);
  const pubkey = getPublicKey(secretKey);
  const transactions = [challenge.ark_psbt, ...challenge.checkpoint_psbts].map((psbt) =>
    Transaction.fromPSBT(Buffer.from(psbt, "base64")),
  );
  return Promise.all(
    challenge.items.map(async ({ txid, input }) => {
      const tx = transactions.find((candidate) => candidate.id === txid);
      if (tx === undefined) throw new Error(`no PSBT for ${txid}`);
      const signed = await key.sign(tx, [input]);
      const own = signed.getInput(input).tapScriptSig?.find(([signer]) => toHex(signer.pubKey) === pubkey);
      if (own === undefined) throw new Error(`input ${input} of ${txid} was not signed`);
      return { txid, input, sig: toHex(own[1]) };
    }),
  );
}

/** Publishes a 31510, answers both 31511s and resolves with the content of the 31340. */
export async function payRawOverNostr(
  stack: StackInfo,
  secretKey: Uint8Array,
  payment: RawPayment,
): Promise<{ txid: string }> {
  const [relayUrl = ""] = stack.relay_urls;
  const relay = await Relay.connect(relayUrl);
  const me = getPublicKey(secretKey);
  const intent = intentOf(payment);
  const template = {
    kind: 31510,
    created_at: nowSeconds(),
    content: JSON.stringify(intent),
    tags: [
      ["p", stack.gateway_pubkey],
      ["d", payment.actionId],
      ["v", "1"],
      ["expiration", String(intent.expires_at)],
    ],
  };
  const event = finalizeEvent(template, secretKey);
  try {
    return await new Promise((resolve, reject) => {
      const answer = (challenge: Event): void => void answerOverNostr(relay, stack, secretKey, challenge).catch(reject);
      relay.subscribe(
        [
          { kinds: [31511], authors: [stack.gateway_pubkey], "#p": [me], "#e": [event.id] },
          { kinds: [31340, 31341], authors: [stack.gateway_pubkey], "#e": [event.id] },
        ],
        {
          onevent: (received) => {
            if (received.kind === 31511) return answer(received);
            if (received.kind === 31341) return reject(new Error("the gateway published a failure"));
            const { results } = z
              .object({ results: z.looseObject({ txid: z.string() }) })
              .parse(JSON.parse(received.content));
            resolve(results);
          },
        },
      );
      relay.publish(event).catch(reject);
    });
  } finally {
    relay.close();
  }
}

async function answerOverNostr(relay: Relay, stack: StackInfo, secretKey: Uint8Array, event: Event): Promise<void> {
  const shared = nip44.getConversationKey(secretKey, stack.gateway_pubkey);
  const challenge = challengeSchema.parse(JSON.parse(nip44.decrypt(event.content, shared)));
  const answer = {
    session_id: challenge.session_id,
    type: challenge.type,
    payload_ref: challenge.payload_ref,
    algo: "BIP340",
    signatures: await signItems(challenge, secretKey),
  };
  const d = event.tags.find(([name]) => name === "d")?.[1] ?? "";
  const template = {
    kind: 31512,
    created_at: nowSeconds(),
    content: nip44.encrypt(JSON.stringify(answer), shared),
    tags: [
      ["p", stack.gateway_pubkey],
      ["e", event.id],
      ["d", d],
    ],
  };
  await relay.publish(finalizeEvent(template, secretKey));
}

/** Opens a session, answers its challenges and resolves when it is completed. */
export async function payRawOverHttp(
  stack: StackInfo,
  secretKey: Uint8Array,
  payment: RawPayment,
): Promise<{ txid: string }> {
  const http = (method: string, path: string, body?: unknown) => call(stack.api_url, secretKey, method, path, body);
  const opened = z.looseObject({ session_id: z.string() }).parse(
    await http("POST", "/sessions/create", {
      user_pubkey: getPublicKey(secretKey),
      session_type: "p2p_transfer",
      intent_data: intentOf(payment),
      delivery: "http",
      auto_start: true,
    }),
  );
  const statusSchema = z.looseObject({
    session_status: z.string(),
    open_challenge_id: z.string().nullish(),
    txid: z.string().nullish(),
    error_code: z.string().nullish(),
  });
  const answered = new Set<string>();
  for (;;) {
    const status = statusSchema.parse(await http("GET", `/signing/ceremony/${opened.session_id}/status`));
    if (status.session_status === "completed" && status.txid) return { txid: status.txid };
    if (["failed", "expired"].includes(status.session_status))
      throw new Error(`the session ended: ${status.error_code}`);
    const challengeId = status.open_challenge_id;
    if (challengeId && !answered.has(challengeId)) {
      answered.add(challengeId);
      await answerOverHttp(http, challengeId, secretKey);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function answerOverHttp(
  http: (method: string, path: string, body?: unknown) => Promise<unknown>,
  challengeId: string,
  secretKey: Uint8Array,
): Promise<void> {
  const read = z
    .looseObject({ challenge: z.looseObject({ content: challengeSchema }) })
    .parse(await http("GET", `/challenges/${challengeId}`));
  const { content } = read.challenge;
  const signatures = await signItems(content, secretKey);
  await http("POST", `/sessions/${content.session_id}/respond`, { signatures, challenge_id: challengeId });
}

/** One NIP-98 signed request. */
async function call(
  baseUrl: string,
  secretKey: Uint8Array,
  method: string,
  path: string,
  body?: unknown,
): Promise<unknown> {
  const url = `${baseUrl}${path}`;
  const text = body === undefined ? undefined : JSON.stringify(body);
  const digest = text === undefined ? undefined : await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  const tags = [
    ["u", url],
    ["method", method],
    ["nonce", crypto.randomUUID()],
    ...(digest ? [["payload", toHex(new Uint8Array(digest))]] : []),
  ];
  const event = finalizeEvent({ kind: 27235, created_at: nowSeconds(), content: "", tags }, secretKey);
  const response = await fetch(url, {
    method,
    headers: {
      authorization: `Nostr ${Buffer.from(JSON.stringify(event)).toString("base64")}`,
      ...(text === undefined ? {} : { "content-type": "application/json", "idempotency-key": crypto.randomUUID() }),
    },
    ...(text === undefined ? {} : { body: text }),
  });
  const answer: unknown = await response.json();
  if (!response.ok) throw new Error(`${method} ${path}: HTTP ${response.status} ${JSON.stringify(answer)}`);
  return answer;
}
