export { shorten } from "@arkrelay/core/short-id";
