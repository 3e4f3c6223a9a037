/** The timer of runners on Node: calls back once after delayMs, unless cancelled by the returned function. */
export function after(delayMs: number, callback: () => void): () => void {
	const timer = setTimeout(callback, delayMs);
	return () => clearTimeout(timer);
}
