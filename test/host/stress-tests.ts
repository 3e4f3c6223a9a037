import type { HostTest } from "./run.ts";

export const stressTests: readonly HostTest[] = [];
