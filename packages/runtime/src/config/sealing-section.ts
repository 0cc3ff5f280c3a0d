import { key32, key32List, secret } from "./env-types";
import { defineSection } from "./parse-env";
import { DEV_ENCRYPTION_KEY, findPlaceholders } from "./placeholder";

/** The keys that seal secrets in the database. */
export const sealingSection = defineSection({
  variables: {
    ENCRYPTION_KEY: secret(key32().prefault(DEV_ENCRYPTION_KEY)),
    ENCRYPTION_PREVIOUS_KEYS: secret(key32List().prefault("")),
  },
  requiredInProduction: ["ENCRYPTION_KEY"],
  check: (values, mode) =>
    mode.isProduction
      ? findPlaceholders({
          ENCRYPTION_KEY: values.ENCRYPTION_KEY,
          ENCRYPTION_PREVIOUS_KEYS: values.ENCRYPTION_PREVIOUS_KEYS,
        })
      : [],
  build: (values) => ({ key: values.ENCRYPTION_KEY, previousKeys: values.ENCRYPTION_PREVIOUS_KEYS }),
});
