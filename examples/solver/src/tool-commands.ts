import { readFileSync } from "node:fs";

import { secp256k1 } from "@noble/curves/secp256k1.js";
import { z } from "zod";

import { fetchPins, fetchVtxoView } from "@arkrelay/sdk/ark-indexer";
import { intentSchema } from "@arkrelay/sdk/event-schemas";
import { GatewayClient } from "@arkrelay/sdk/gateway-client";
import { nodeWebSocket } from "@arkrelay/sdk/node-web-socket";
import { NostrGatewayClient } from "@arkrelay/sdk/nostr-client";
import type { NostrEvent } from "@arkrelay/sdk/nostr-event";
import { signEvent, toPubkeyHex, verifyEvent } from "@arkrelay/sdk/nostr-utils";
import { pinAssets } from "@arkrelay/sdk/pin-assets";
import { secretKeySigner } from "@arkrelay/sdk/secret-key-signer";
import { acceptIntentAndIssueChallenge, startAndWaitCeremony } from "@arkrelay/sdk/solver-flows";
import { signMessage } from "@arkrelay/sdk/wallet-utils";
import { verifyChallenge } from "@arkrelay/sdk/wallet-verifier";

import { readOrMakeKey } from "./key-file.js";
import type { Settings } from "./settings.js";
import { UsageError } from "./usage-error.js";

export interface ToolCall {
  readonly keyFile: string;
  /** Throws UsageError when the command line does not say where the gateway is. */
  readonly settings: () => Settings;
  readonly args: readonly string[];
  /** Whom an intent of `gen-intent` names as its solver. */
  readonly solver: string | undefined;
  readonly publish: boolean;
}

type Tool = (call: ToolCall) => Promise<unknown>;

const INTENT_VALID_SECONDS = 600;

const jsonObject = z.record(z.string(), z.unknown());
const nostrEvent = z.object({
  id: z.string(),
  pubkey: z.string(),
  created_at: z.int(),
  kind: z.int(),
  tags: z.array(z.array(z.string())),
  content: z.string(),
  sig: z.string(),
});
const eventDraft = z.object({
  kind: z.int(),
  content: z.string().default(""),
  tags: z.array(z.array(z.string())).default([]),
  created_at: z.int().optional(),
});
const verifyInput = z.object({ challenge: jsonObject, intent: intentSchema, session_id: z.string() });

/** Single steps of a solver's work by name; each resolves with what is printed as JSON. */
export const TOOLS: Readonly<Record<string, Tool>> = {
  "gen-intent": genIntent,
  "accept-intent": acceptIntent,
  "ceremony-start": ceremonyStart,
  "ceremony-status": ({ settings, keyFile, args }) =>
    openClient(settings(), keyFile).getCeremonyStatus(textOf(args[0])),
  verify,
  "service-request": serviceRequest,
  "nostr-sign": async ({ keyFile, args }) => signMessage(readOrMakeKey(keyFile), textOf(args[0])),
  "nostr-sign-event": async ({ keyFile, args }) => {
    const { kind, content, tags, created_at } = readJson(args[0], eventDraft);
    return signEvent(readOrMakeKey(keyFile), kind, content, tags, created_at);
  },
  "nostr-verify-event": async ({ args }) => verifyEvent(readJson(args[0], nostrEvent)),
  "sign-ecdsa": signEcdsa,
};

async function genIntent({ settings, keyFile, args, solver, publish }: ToolCall): Promise<NostrEvent> {
  const nostr = openNostr(settings(), keyFile);
  try {
    const type = textOf(args[0]);
    const expiresAt = Math.floor(Date.now() / 1000) + INTENT_VALID_SECONDS;
    const extra = solver === undefined ? {} : { solver_id: toPubkeyHex(solver) };
    const actionId = `cli-${crypto.randomUUID()}`;
    const { event } = await nostr.signIntent(actionId, type, readJson(args[1], jsonObject), expiresAt, extra);
    if (publish) await nostr.publish(event);
    return event;
  } finally {
    nostr.close();
  }
}

/** Opens a protocol_op over a user's intent; its user is sent the challenge. */
async function acceptIntent({ settings, keyFile, args }: ToolCall): Promise<unknown> {
  const event = readJson(args[0], nostrEvent);
  return acceptIntentAndIssueChallenge(openClient(settings(), keyFile), event.pubkey, event);
}

async function ceremonyStart({ settings, keyFile, args }: ToolCall): Promise<unknown> {
  const [ok, status] = await startAndWaitCeremony(openClient(settings(), keyFile), textOf(args[0]));
  return { ok, status };
}

/** What signing a challenge would do with this key's funds; refuses with the verifier's reason. Signs nothing. */
async function verify({ settings, keyFile, args }: ToolCall): Promise<unknown> {
  const { gatewayUrl, arkdUrl, gatewayPubkey, assetId } = settings();
  const { challenge, intent, session_id: sessionId } = readJson(args[0], verifyInput);
  const myPubkey = await secretKeySigner(readOrMakeKey(keyFile)).getPublicKey();
  const arkPins = await fetchPins(arkdUrl, gatewayPubkey);
  const namesAsset = JSON.stringify(intent.params).includes(`"${assetId}"`);
  const pins = namesAsset ? await pinAssets(arkPins, new GatewayClient(gatewayUrl), [assetId]) : arkPins;
  const vtxoView = await fetchVtxoView(arkdUrl, myPubkey, pins);
  const now = Math.floor(Date.now() / 1000);
  const approved = { content: intent, sessionId };
  const options = { intent: approved, pins, myPubkey, vtxoView, answered: [], allowPresign: true, now };
  const { items, summary, swap } = verifyChallenge({ content: challenge }, options);
  return { ok: true, items, summary, swap };
}

async function serviceRequest({ settings, keyFile, args }: ToolCall): Promise<unknown> {
  const nostr = openNostr(settings(), keyFile);
  try {
    const fields = args[1] === undefined ? {} : readJson(args[1], jsonObject);
    return (await nostr.request(textOf(args[0]), fields)).response;
  } finally {
    nostr.close();
  }
}

/** Only shows what an ECDSA signature would be: the gateway takes BIP340 and refuses everything else. */
async function signEcdsa({ keyFile, args }: ToolCall): Promise<unknown> {
  const digest = textOf(args[0]);
  if (!/^[0-9a-f]{64}$/.test(digest)) throw new UsageError("sign-ecdsa takes a digest of 64 hex digits");
  const sig = secp256k1.sign(Uint8Array.from(Buffer.from(digest, "hex")), readOrMakeKey(keyFile), { prehash: false });
  return { algo: "ECDSA", digest, sig: Buffer.from(sig).toString("hex") };
}

function openClient({ gatewayUrl }: Settings, keyFile: string): GatewayClient {
  return new GatewayClient(gatewayUrl, { signer: secretKeySigner(readOrMakeKey(keyFile)), retry: true });
}

function openNostr({ relays, gatewayPubkey }: Settings, keyFile: string): NostrGatewayClient {
  const signer = secretKeySigner(readOrMakeKey(keyFile));
  return new NostrGatewayClient(relays, signer, gatewayPubkey, { webSocket: nodeWebSocket });
}

function textOf(arg: string | undefined): string {
  if (arg === undefined || arg === "") throw new UsageError("an argument is missing");
  return arg;
}

/** An argument of JSON, or standard input for `-`. */
function readJson<T>(arg: string | undefined, schema: z.ZodType<T>): T {
  const text = textOf(arg) === "-" ? readFileSync(0, "utf8") : textOf(arg);
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw new UsageError(`the argument does not hold what is asked for: ${String(error)}`);
  }
}
