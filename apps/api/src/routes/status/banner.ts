import { BannerReply } from "@arkrelay/core/http/status";

import { readRoute } from "../../http/route";
import { orElse, succeeds, word } from "./probes";

export const bannerRoute = readRoute({
  path: "/",
  summary: "What this is and what of it lives",
  auth: ["public"],
  replies: { 200: BannerReply },
}).handle(async ({ deps }) => {
  const { status, settings } = deps;
  const [services, database, queue] = await Promise.all([
    orElse(status.listServices, []),
    succeeds(status.pingDatabase),
    succeeds(status.pingRedis),
  ]);
  return {
    status: 200,
    body: {
      message: "ArkRelay Gateway",
      status: "running",
      services: services.filter((service) => service.alive).map((service) => service.name),
      database: word(database),
      queue: word(queue),
      version: settings.version,
    },
  };
});
