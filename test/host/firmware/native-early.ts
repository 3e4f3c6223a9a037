native<() => number>("xs_monotonic_ms")();
