/**
 * The lock's report (PROTOCOL 12), put together anew each time it is asked for: by the relay, a phone or the line. To the
 * relay it goes unasked when the link is ready and when the trust changes.
 */
import { LIMITS } from "../base/limits.ts";
import { TokenBucket } from "../base/token-bucket.ts";
import type { Clock } from "../platform/clock.ts";
import type { TrustedTime } from "../time/trusted-time.ts";
import { encodeReport, type ReportCredential } from "../wire/report.ts";
import type { Health } from "./health.ts";

export interface ReporterOptions {
	readonly clock: Clock;
	readonly firmwareVersion: string;
	readonly health: Health;
	readonly time: TrustedTime;
	/** 0: the lock has none. */
	readonly trustVersion: () => number;
	readonly credential: () => ReportCredential;
	/** False when no link takes it. */
	readonly send: (report: Uint8Array) => boolean;
}

export class Reporter {
	readonly #options: ReporterOptions;
	readonly #allowance: TokenBucket;

	constructor(options: ReporterOptions) {
		this.#options = options;
		const { reportsBurst, reportsPerMinute } = LIMITS;
		this.#allowance = new TokenBucket(reportsBurst, reportsPerMinute, options.clock.monotonicMs());
	}

	report(): Uint8Array {
		const { firmwareVersion, health, time, trustVersion, credential } = this.#options;
		return encodeReport({
			trustVersion: trustVersion(),
			firmware: firmwareVersion,
			credential: credential(),
			health: health.figures(),
			timeSource: time.source,
		});
	}

	/** The link is ready, or the trust is another. */
	tell(): void {
		this.#options.send(this.report());
	}

	/** The relay asks: at an allowance, because a report costs a message and may cost a collection of the heap (T16). */
	requested(): void {
		if (this.#allowance.take(this.#options.clock.monotonicMs())) this.tell();
	}
}
