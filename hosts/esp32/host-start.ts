/** What runs before anything else of this host: entropy, why the board started, the trial's deadline, and what the engine's end is told. */
const start = native<() => void>("xs_host_start");
const abort = native<(text: string) => void>("xs_host_abort");

/** Idempotent. The SDK calls the global `abort` as the engine ends (defines.xs.abortHook); outputs are cut there. */
export function startHost(): void {
	start();
	Object.defineProperty(globalThis, "abort", { value: abort, configurable: true });
}
