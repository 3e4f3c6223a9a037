export const monotonicMs = native<() => number>("xs_monotonic_ms");
