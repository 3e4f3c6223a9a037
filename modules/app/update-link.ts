/**
 * Updates over the link (docs/UPDATE.md 5, 6, 8): takes a relay's offers, asks for what is wanted a window at a time, reports, and
 * attests. A relay that sends what nobody asked for reaches nothing; one that falls silent is asked again.
 */
import { LIMITS } from "../base/limits.ts";
import type { Link } from "../link/link.ts";
import type { Clock } from "../platform/clock.ts";
import { LINK_SENDER } from "../update/download-step.ts";
import type { ObjectPiece, ObjectWant, UpdateOffer } from "../wire/update-offer.ts";
import { encodeUpdateReport, type UpdateReport } from "../wire/update-report.ts";
import type { UpdateCore } from "./update-core.ts";

export class UpdateLink {
	readonly #link: Link;
	readonly #clock: Clock;
	readonly #core: UpdateCore;
	/** What the relay was asked for, and has not sent. */
	#asked: ObjectWant | undefined;
	/** Not judged yet. */
	#offered: UpdateOffer | undefined;
	#told = "";
	#toldAtMs = Number.NEGATIVE_INFINITY;

	constructor(link: Link, clock: Clock, core: UpdateCore) {
		this.#link = link;
		this.#clock = clock;
		this.#core = core;
		link.on("update-offer", ({ offer }) => this.#receive(offer));
		link.on("object-piece", ({ piece }) => this.#take(piece));
		link.on("attest-request", ({ nonce }) => {
			const attested = core.attester.attest("link", nonce);
			if (attested.ok) link.send({ kind: "attestation", statement: attested.value });
		});
		link.onReady(() => {
			this.#told = "";
			// The turn in which a link comes back is the longest that there is: what the update has to say waits for the next one.
			clock.after(0, () => this.#changed());
		});
		link.onDown(() => {
			this.#offered = undefined;
			this.#asked = undefined;
			core.keeper.lost(LINK_SENDER);
		});
		core.onChanged(() => this.#changed());
		core.onLook(() => this.#changed());
	}

	/** Judged in a turn of its own: with the offer other messages may have come, and each is work. The last one counts. */
	#receive(offer: UpdateOffer): void {
		const waits = this.#offered !== undefined;
		this.#offered = offer;
		if (waits) return;
		this.#clock.after(0, () => {
			const offered = this.#offered;
			this.#offered = undefined;
			if (offered === undefined) return;
			this.#core.keeper.offer("link", offered);
			this.#ask();
		});
	}

	#changed(): void {
		if (this.#link.state !== "ready") return;
		this.#tell();
		this.#ask();
	}

	/** Each change of state at once; figures that only grow a little, seldom. */
	#tell(): void {
		const report = this.#core.keeper.report();
		const nowMs = this.#clock.monotonicMs();
		const state = withoutFigures(report);
		const progress = `${state} ${report.goodBytes} ${report.totalBytes}`;
		if (progress === this.#told) return;
		const isNew = !this.#told.startsWith(`${state} `);
		if (!isNew && nowMs - this.#toldAtMs < LIMITS.updateReportMs) return;
		if (!this.#link.send({ kind: "update-report", report: encodeUpdateReport(report) })) return;
		this.#told = progress;
		this.#toldAtMs = nowMs;
	}

	/** Nothing while the relay owes what it was asked for, and that is what is wanted still. */
	#ask(): void {
		if (this.#link.state !== "ready") return;
		const want = this.#core.keeper.ask(LINK_SENDER);
		if (want === undefined) {
			this.#asked = undefined;
			return;
		}
		if (this.#asked !== undefined && isWithin(want, this.#asked)) return;
		this.#asked = this.#link.send({ kind: "object-want", want }) ? want : undefined;
	}

	/** Of what the relay was asked for: what is wanted next is looked at once a window, not with each piece. */
	#isLast({ offset, bytes }: ObjectPiece): boolean {
		const asked = this.#asked;
		return asked === undefined || offset + bytes.length >= asked.offset + asked.bytes;
	}

	#take(piece: ObjectPiece): void {
		this.#core.keeper.put(LINK_SENDER, piece, (wanted) => {
			if (wanted && this.#isLast(piece)) this.#ask();
		});
	}
}

/** Everything that people act on. */
function withoutFigures(report: UpdateReport): string {
	const { goodBytes, totalBytes, ...rest } = report;
	return JSON.stringify(rest);
}

function isWithin(want: ObjectWant, asked: ObjectWant): boolean {
	if (want.offset < asked.offset || want.offset >= asked.offset + asked.bytes) return false;
	return want.digest.every((byte, index) => byte === asked.digest[index]);
}
