export * from "../../../mod.ts";
