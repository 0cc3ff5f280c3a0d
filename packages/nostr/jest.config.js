module.exports = { ...require("../../jest.base.js"), displayName: "nostr", testTimeout: 20_000 };
