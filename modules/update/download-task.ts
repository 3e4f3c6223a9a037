/** The work of one state of a download, a slice at a time: hashing, erasing (docs/UPDATE.md 6). What came of it is an event of the machine. */
import { bytesEqual } from "../base/bytes.ts";
import { DeviceError } from "../base/device-error.ts";
import { SECTOR_BYTES, type Slots } from "../platform/slots.ts";
import type { DownloadEvent } from "./download-step.ts";
import type { FlashDigest } from "./flash-digest.ts";

/** What one state works at; undefined from `step`: not done yet. */
export interface DownloadTask {
	step(): DownloadEvent | undefined;
	close(): void;
}

/** `unreadable`: what flash that cannot be read means here. */
export function hashTask(digest: FlashDigest, expected: Uint8Array, unreadable: DownloadEvent): DownloadTask {
	return {
		step: () => {
			try {
				const found = digest.step();
				return found && { kind: "hashed", isGood: bytesEqual(found, expected) };
			} catch (error) {
				if (!(error instanceof DeviceError)) throw error;
				return unreadable;
			}
		},
		close: () => digest.close(),
	};
}

/** A sector a turn: an erasure may take flash so long that nothing else can happen meanwhile. Throws DeviceError slot/io. */
export function eraseTask(slots: Slots, start: number, bytes: number): DownloadTask {
	let at = start;
	return {
		step: () => {
			slots.erase(at);
			at += SECTOR_BYTES;
			return at < start + bytes ? undefined : { kind: "erased" };
		},
		close: () => undefined,
	};
}

export function failedTask(event: DownloadEvent): DownloadTask {
	return { step: () => event, close: () => undefined };
}
