import { z } from "zod";

import { lightningSideOf } from "../asset/lightning-side";
import { AppError, toAppError } from "../errors";
import type { AssetRegistry } from "../ports/asset-registry";
import type { Clock } from "../ports/clock";
import type { TaprootAssets } from "../ports/taproot-assets";

/** What tapd says of an invoice that is to be paid in units. */
export interface InvoiceQuote {
  /** It costs these units at the peers' price. */
  readonly units: bigint;
  /** What our side of the asset's channels holds. */
  readonly channelUnits: bigint;
}

/** In two steps, because lands are opened inside transactions, which wait for no daemon. */
export interface InvoiceQuoteSource {
  /** Asks tapd, before the transaction. Never throws: what went wrong is told by `current`. Nothing for what has no Lightning side. */
  ask(assetId: string, bolt11: string): Promise<void>;
  /** What was heard within the last minute. Errors: those of tapd; `daemon_unavailable` when it was not asked, or is being asked. */
  current(assetId: string, bolt11: string): InvoiceQuote;
}

export interface InvoiceQuotesDeps {
  readonly assets: Pick<AssetRegistry, "find">;
  readonly clock: Clock;
  /** undefined = no tapd is configured. */
  readonly tapd: Pick<TaprootAssets, "decodeAssetInvoice" | "getAssetBalance"> | undefined;
}

const KEPT_MS = 60_000;
/** The oldest goes first. Far more than are opened in a minute. */
const KEPT_MAX = 1_000;

const LandParams = z.object({ asset_id: z.string(), lightning_invoice: z.string() });

/**
 * Asks for the invoice of a land whose intent came with a call: its content (as JSON text or parsed), or its params alone. What is no
 * land's is nothing to ask for; it is judged when the session opens.
 */
export async function askForLand(quotes: InvoiceQuoteSource, intent: unknown): Promise<void> {
  const content = typeof intent === "string" ? parseJson(intent) : intent;
  const params = isObject(content) && "params" in content ? content["params"] : content;
  const land = LandParams.safeParse(params);
  if (land.success) await quotes.ask(land.data.asset_id, land.data.lightning_invoice);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

/** The quotes that this process has asked for. */
export class InvoiceQuotes implements InvoiceQuoteSource {
  private readonly heard = new Map<string, { readonly answer: InvoiceQuote | AppError; readonly at: number }>();

  constructor(private readonly deps: InvoiceQuotesDeps) {}

  async ask(assetId: string, bolt11: string): Promise<void> {
    const asset = await this.deps.assets.find(undefined, assetId);
    const side = asset && lightningSideOf(asset);
    if (side === undefined) return;
    let answer: InvoiceQuote | AppError;
    try {
      answer = await this.askTapd(side.taprootAssetId, bolt11);
    } catch (thrown) {
      answer = toAppError(thrown);
    }
    const [oldest] = this.heard.keys();
    if (this.heard.size >= KEPT_MAX && oldest !== undefined) this.heard.delete(oldest);
    const key = keyOf(assetId, bolt11);
    this.heard.delete(key);
    this.heard.set(key, { answer, at: this.deps.clock.now().getTime() });
  }

  current(assetId: string, bolt11: string): InvoiceQuote {
    const known = this.heard.get(keyOf(assetId, bolt11));
    if (known === undefined || this.deps.clock.now().getTime() - known.at >= KEPT_MS) {
      throw new AppError("daemon_unavailable", {
        internal: "tapd was not asked what the invoice costs, or has not said it yet",
        details: { service: "tapd" },
      });
    }
    if (known.answer instanceof AppError) throw known.answer;
    return known.answer;
  }

  private async askTapd(taprootAssetId: string, bolt11: string): Promise<InvoiceQuote> {
    const { tapd } = this.deps;
    if (tapd === undefined) throw new AppError("feature_disabled", { message: "No tapd is configured." });
    const [{ units }, { channelUnits }] = await Promise.all([
      tapd.decodeAssetInvoice(taprootAssetId, bolt11),
      tapd.getAssetBalance(taprootAssetId),
    ]);
    return { units, channelUnits };
  }
}

function keyOf(assetId: string, bolt11: string): string {
  return `${assetId}:${bolt11.toLowerCase()}`;
}
