module.exports = { ...require("../../jest.base.js"), displayName: "services-runner" };
