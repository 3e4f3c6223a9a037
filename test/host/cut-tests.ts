import type { HostTest } from "./run.ts";

export const cutTests: readonly HostTest[] = [];
