module.exports = { ...require("../../jest.base.js"), displayName: "services-runner", testTimeout: 20_000 };
