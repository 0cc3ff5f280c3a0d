import { boolean, integer } from "./env-types";
import { defineSection } from "./parse-env";

/** Where webhooks may go and how long a call may take. */
export const webhookSection = defineSection({
  variables: {
    WEBHOOK_TIMEOUT_SECONDS: integer({ min: 1, max: 20 }).default(10),
    WEBHOOK_MAX_ENDPOINTS: integer({ min: 1, max: 1000 }).default(20),
    WEBHOOK_ALLOW_PRIVATE: boolean().optional(),
  },
  check: (values, mode) =>
    mode.isProduction && values.WEBHOOK_ALLOW_PRIVATE === true
      ? ["WEBHOOK_ALLOW_PRIVATE: true is refused in production"]
      : [],
  build: (values, mode) => ({
    timeoutMs: values.WEBHOOK_TIMEOUT_SECONDS * 1000,
    endpointsMax: values.WEBHOOK_MAX_ENDPOINTS,
    urlRules: {
      allowHttp: !mode.isProduction,
      allowPrivate: values.WEBHOOK_ALLOW_PRIVATE ?? !mode.isProduction,
    },
  }),
});
