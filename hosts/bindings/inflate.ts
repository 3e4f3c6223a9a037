/** Decompression by zlib: the thin half of inflate.c (platform/inflate.ts). */
import type { Inflate, InflateStop, Inflation } from "../../modules/platform/inflate.ts";
import { done, type Fault } from "./fault.ts";

const openStream = native<(stream: ZlibInflation) => Fault | undefined>("xs_lk_inflate_open");
const feedStream = native<(stream: ZlibInflation, bytes: Uint8Array) => void>("xs_lk_inflate_feed");
const readStream = native<(stream: ZlibInflation, into: Uint8Array) => number>("xs_lk_inflate_read");
const unusedBytes = native<(stream: ZlibInflation) => number>("xs_lk_inflate_unused");
const closeStream = native<(stream: ZlibInflation) => void>("xs_lk_inflate_close");

/** By the negated answer of xs_lk_inflate_read. */
const STOPS: readonly InflateStop[] = Object.freeze(["hungry", "ended", "broken"] as const);

class ZlibInflation extends Native("xs_lk_inflate_destructor") implements Inflation {
	constructor() {
		super();
		done(openStream(this), "inflate");
	}

	feed(bytes: Uint8Array): void {
		feedStream(this, bytes);
	}

	read(into: Uint8Array): number | InflateStop {
		const read = readStream(this, into);
		return read > 0 ? read : STOPS[-read]!;
	}

	unused(): number {
		return unusedBytes(this);
	}

	close(): void {
		closeStream(this);
	}
}

export const ZLIB_INFLATE: Inflate = Object.freeze({ open: (): Inflation => new ZlibInflation() });
