// The engine has ts-node check the types of a pack and of all the SDKs beneath it each time that it starts one: four
// fifths of the start. `npm run check` checks them. So tsx takes the place of ts-node where that has been put in.
// oxlint-disable-next-line import/no-unassigned-import -- it is loaded for what it changes in the loader.
if (process[Symbol.for("ts-node.register.instance")]) require("tsx/cjs");

module.exports = require("./index.ts");
