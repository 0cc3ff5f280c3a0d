import { StatisticsQuery, StatisticsReply } from "@arkrelay/core/http/lightning-operator";

import { readRoute } from "../../http/route";
import { readStaleness } from "./lnd-staleness";

const HOUR_MS = 3_600_000;

export const lightningStatisticsRoute = readRoute({
  path: "/lightning/statistics",
  summary: "Lifts and lands of the last hours in numbers",
  auth: ["admin"],
  query: StatisticsQuery,
  replies: { 200: StatisticsReply },
}).handle(async ({ deps, query }) => {
  const since = new Date(deps.clock.now().getTime() - query.hours * HOUR_MS);
  const numbers = await deps.session.operations.readStatistics(since);
  return {
    status: 200,
    body: {
      lightning_statistics: {
        time_range_hours: query.hours,
        total_invoices: numbers.total,
        paid_invoices: numbers.paid,
        pending_invoices: numbers.pending,
        expired_invoices: numbers.expired,
        lift_invoices: numbers.lifts,
        land_invoices: numbers.lands,
        total_volume_sats: Number(numbers.volumeSats),
        payment_rate: numbers.total === 0 ? 0 : Math.round((numbers.paid / numbers.total) * 10_000) / 100,
      },
      ...(await readStaleness(deps)),
    },
  };
});
