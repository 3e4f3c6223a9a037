import type { HostTest } from "./run.ts";

export const recordTests: readonly HostTest[] = [];
